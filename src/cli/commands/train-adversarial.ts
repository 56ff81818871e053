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

async function trainAdversarial(flags: Flags): Promise<void> {
  const { openData, openSession } = await import('../session.ts');
  const { describeModel, trainWithProgress } = await import('../training.ts');
  const training = await import('../../training/index.ts');
  const settings = trainingSettings(flags);
  const adversary = adversaryOf(flags);
  const session = await openSession(flags);
  const data = await openData(flags, session.terminal);
  const card = await trainWithProgress(
    session,
    { label: 'adversarial', out: flags.out, data, logDir: flags.logDir },
    (hooks) =>
      training.trainAdversarial({
        data,
        settings,
        adversary,
        out: flags.out,
        engine: session.engine,
        resume: flags.resume ? 'always' : 'never',
        ...hooks,
      }),
  );
  session.terminal.print(describeModel(card, flags.out));
  session.terminal.record(card);
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
  return addSharedOptions(command).action(trainAdversarial);
}
