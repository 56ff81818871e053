import { Command } from 'commander';
import { DEFAULTS } from '../../training/settings.ts';
import {
  addAdversaryOptions,
  addSharedOptions,
  addTemperatureOption,
  addTrainingOptions,
  adversaryOf,
  type MatchedTemperature,
  type SharedOptions,
  type TrainingFlags,
  trainingSettings,
} from '../options.ts';
import { integer } from '../parsers.ts';

interface Flags extends SharedOptions, Omit<TrainingFlags, 'temperature'>, MatchedTemperature {
  readonly softLabels: string;
  readonly fineTuneEpochs: number;
  readonly robust?: true;
  readonly eps: string;
  readonly attackSteps: number;
  readonly out: string;
  readonly resume?: true;
}

async function train(flags: Flags): Promise<void> {
  const { runTraining } = await import('../training.ts');
  const training = await import('../../training/index.ts');
  const card = await training.readSoftLabelsCard(flags.softLabels);
  const temperature = flags.temperature ?? card.temperature;
  if (!flags.allowTemperatureMismatch) training.checkStudentTemperature(card, temperature);
  const settings = trainingSettings({ ...flags, temperature });
  const adversary = flags.robust && adversaryOf(flags);
  const { out, fineTuneEpochs } = flags;
  await runTraining(flags, { label: 'student', out, settings }, async (data) => {
    const softLabels = await training.readSoftLabels(flags.softLabels, data);
    return (options) =>
      training.trainStudent({ ...options, softLabels, fineTuneEpochs, adversary });
  });
}

export function trainStudentCommand(): Command {
  const command = new Command('train-student').description(
    "train the student on the teacher's soft labels at the same temperature",
  );
  addAdversaryOptions(addTrainingOptions(addTemperatureOption(command, "the soft labels'")))
    .option('--soft-labels <folder>', 'what `distill soft-labels` wrote', 'data/soft-labels')
    .option(
      '--fine-tune-epochs <n>',
      'passes over the clean images with hard labels afterwards',
      integer('--fine-tune-epochs', 0),
      DEFAULTS.fineTuneEpochs,
    )
    .option('--allow-temperature-mismatch', "train at another temperature than the soft labels'")
    .option('--robust', 'learn the soft labels from attacked images: distills a robust teacher')
    .option('--out <folder>', 'model folder to write', 'models/student')
    .option('--resume', 'go on from the checkpoint of a run that was stopped')
    .addHelpText(
      'after',
      `
Examples:
  distill train-student --temperature 40
  distill train-student --robust --soft-labels data/robust-labels --out models/robust-student`,
    );
  return addSharedOptions(command).action(train);
}
