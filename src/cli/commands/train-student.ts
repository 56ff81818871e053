import { Command } from 'commander';
import { DEFAULTS } from '../../training/settings.ts';
import {
  addAdversaryOptions,
  addSharedOptions,
  addTemperatureOption,
  addTrainingOptions,
  adversaryOf,
  integer,
  type SharedOptions,
  type TrainingFlags,
  trainingSettings,
} from '../options.ts';

interface Flags extends SharedOptions, TrainingFlags {
  readonly softLabels: string;
  readonly fineTuneEpochs: number;
  readonly allowTemperatureMismatch?: true;
  readonly robust?: true;
  readonly eps: string;
  readonly attackSteps: number;
  readonly out: string;
  readonly resume?: true;
}

async function trainStudent(flags: Flags): Promise<void> {
  const { openData, openSession } = await import('../session.ts');
  const { describeModel, trainWithProgress } = await import('../training.ts');
  const training = await import('../../training/index.ts');
  const settings = trainingSettings(flags);
  if (!flags.allowTemperatureMismatch) {
    training.checkTemperature(
      await training.readSoftLabelsCard(flags.softLabels),
      settings.temperature,
    );
  }
  const session = await openSession(flags);
  const data = await openData(flags, session.terminal);
  const softLabels = await training.readSoftLabels(flags.softLabels, data);
  const card = await trainWithProgress(
    session,
    { label: 'student', out: flags.out, data, logDir: flags.logDir },
    (hooks) =>
      training.trainStudent({
        data,
        settings,
        softLabels,
        fineTuneEpochs: flags.fineTuneEpochs,
        adversary: flags.robust && adversaryOf(flags),
        out: flags.out,
        engine: session.engine,
        resume: flags.resume ? 'always' : 'never',
        ...hooks,
      }),
  );
  session.terminal.print(describeModel(card, flags.out));
  session.terminal.record(card);
}

export function trainStudentCommand(): Command {
  const command = new Command('train-student').description(
    "train the student on the teacher's soft labels at the same temperature",
  );
  addAdversaryOptions(addTrainingOptions(addTemperatureOption(command)))
    .option('--soft-labels <folder>', 'what `distill soft-labels` wrote', 'data/soft-labels')
    .option(
      '--fine-tune-epochs <n>',
      'passes over the clean images with hard labels afterwards',
      integer('--fine-tune-epochs', 0),
      DEFAULTS.fineTuneEpochs,
    )
    .option('--allow-temperature-mismatch', "train at another temperature than the soft labels'")
    .option('--robust', 'learn the soft labels from attacked images: distils a robust teacher')
    .option('--out <folder>', 'model folder to write', 'models/student')
    .option('--resume', 'go on from the checkpoint of a run that was stopped')
    .addHelpText(
      'after',
      '\nExample:\n  distill train-student --temperature 40 --soft-labels data/soft-labels',
    );
  return addSharedOptions(command).action(trainStudent);
}
