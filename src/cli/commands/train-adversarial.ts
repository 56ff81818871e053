import { Command } from 'commander';
import {
  type AdversaryFlags,
  addAdversaryOptions,
  addSharedOptions,
  addTemperatureOption,
  addTrainingOptions,
  adversaryOf,
  type SharedOptions,
  type TrainingFlags,
  trainingSettings,
} from '../options.ts';

interface Flags extends SharedOptions, TrainingFlags, AdversaryFlags {
  readonly out: string;
  readonly resume?: true;
}

async function train(flags: Flags): Promise<void> {
  const { runTraining } = await import('../training.ts');
  const { trainAdversarial } = await import('../../training/index.ts');
  const adversary = adversaryOf(flags);
  const job = { label: 'adversarial', out: flags.out, settings: trainingSettings(flags) };
  await runTraining(flags, job, () => (options) => trainAdversarial({ ...options, adversary }));
}

export function trainAdversarialCommand(): Command {
  const command = new Command('train-adversarial').description(
    'train on attacked images (PGD adversarial training): what does work, for comparison',
  );
  addAdversaryOptions(addTrainingOptions(addTemperatureOption(command, 1)))
    .option('--out <folder>', 'model folder to write', 'models/adversarial')
    .option('--resume', 'go on from the checkpoint of a run that was stopped')
    .addHelpText(
      'after',
      `
Examples:
  distill train-adversarial --eps 0.3
  distill train-adversarial --temperature 40 --out models/robust-teacher`,
    );
  return addSharedOptions(command).action(train);
}
