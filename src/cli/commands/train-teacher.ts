import { Command } from 'commander';
import {
  addSharedOptions,
  addTemperatureOption,
  addTrainingOptions,
  type SharedOptions,
  type TrainingFlags,
  trainingSettings,
} from '../options.ts';

interface Flags extends SharedOptions, TrainingFlags {
  readonly out?: string;
  readonly resume?: true;
}

async function train(flags: Flags): Promise<void> {
  const { runTraining } = await import('../training.ts');
  const { trainTeacher } = await import('../../training/index.ts');
  const settings = trainingSettings(flags);
  const label = settings.temperature === 1 ? 'baseline' : 'teacher';
  const out = flags.out ?? `models/${label}`;
  await runTraining(flags, { label, out, settings }, () => trainTeacher);
}

export function trainTeacherCommand(): Command {
  const command = new Command('train-teacher').description(
    'train the teacher on hard labels at temperature T (T = 1: the undistilled baseline)',
  );
  addTrainingOptions(addTemperatureOption(command))
    .option(
      '--out <folder>',
      'model folder to write (default: models/teacher, at T = 1 models/baseline)',
    )
    .option('--resume', 'go on from the checkpoint of a run that was stopped')
    .addHelpText(
      'after',
      '\nExample:\n  distill train-teacher --temperature 40 --out models/teacher',
    );
  return addSharedOptions(command).action(train);
}
