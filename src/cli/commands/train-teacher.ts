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

async function trainTeacher(flags: Flags): Promise<void> {
  const { openData, openSession } = await import('../session.ts');
  const { describeModel, trainWithProgress } = await import('../training.ts');
  const training = await import('../../training/index.ts');
  const settings = trainingSettings(flags);
  const role = settings.temperature === 1 ? 'baseline' : 'teacher';
  const out = flags.out ?? `models/${role}`;
  const session = await openSession(flags);
  const data = await openData(flags, session.terminal);
  const card = await trainWithProgress(
    session,
    { label: role, out, data, logDir: flags.logDir },
    (hooks) =>
      training.trainTeacher({
        data,
        settings,
        out,
        engine: session.engine,
        resume: flags.resume ? 'always' : 'never',
        ...hooks,
      }),
  );
  session.terminal.print(describeModel(card, out));
  session.terminal.record(card);
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
  return addSharedOptions(command).action(trainTeacher);
}
