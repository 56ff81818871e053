import { Command, Option } from 'commander';
import type { NoiseKind } from '../../data/index.ts';
import { NOISE_KINDS } from '../../data/noise-kinds.ts';
import { DEFAULTS } from '../../training/settings.ts';
import {
  addSharedOptions,
  addTemperatureOption,
  addTrainingDataOptions,
  type MatchedTemperature,
  type SharedOptions,
  type TrainingDataOptions,
} from '../options.ts';
import { decimal, integer } from '../parsers.ts';

/** The options that say how soft labels are made. */
export interface SoftLabelFlags {
  readonly noise: number;
  readonly noiseKind: NoiseKind;
  readonly noiseCopies: number;
}

interface Flags extends SharedOptions, TrainingDataOptions, SoftLabelFlags, MatchedTemperature {
  readonly teacher: string;
  readonly out: string;
}

export function addNoiseOptions(command: Command): Command {
  return command
    .option(
      '--noise <x>',
      'half-width (uniform) or deviation (gaussian) of the noise, in pixel values 0 to 1',
      decimal('--noise', 0, 1),
      DEFAULTS.noise,
    )
    .addOption(new Option('--noise-kind <kind>').choices(NOISE_KINDS).default(DEFAULTS.noiseKind))
    .option(
      '--noise-copies <n>',
      'noisy copies of every training image',
      integer('--noise-copies', 0, 100),
      DEFAULTS.noiseCopies,
    );
}

async function softLabels(flags: Flags): Promise<void> {
  const { openData, openSession } = await import('../session.ts');
  const { describeSoftLabels, softLabelsWithProgress } = await import('../training.ts');
  const { readModelCard } = await import('../../models/index.ts');
  const { checkTeacherTemperature } = await import('../../training/index.ts');
  const card = await readModelCard(flags.teacher);
  const temperature = flags.temperature ?? card.temperature;
  if (!flags.allowTemperatureMismatch) {
    checkTeacherTemperature(flags.teacher, card, temperature);
  }
  const session = await openSession(flags);
  const data = await openData(flags, session.terminal);
  const made = await softLabelsWithProgress(session, { ...flags, temperature, data });
  session.terminal.print(describeSoftLabels(made.card, flags.out));
  session.terminal.record(made.card);
}

export function softLabelsCommand(): Command {
  const command = new Command('soft-labels')
    .description(
      "compute and keep the teacher's softmax(logits / T) of the training images and noisy copies",
    )
    .option('--teacher <folder>', "the teacher's model folder", 'models/teacher');
  addNoiseOptions(addTrainingDataOptions(addTemperatureOption(command, "the teacher's")))
    .option(
      '--allow-temperature-mismatch',
      "another temperature than the teacher's (at a higher one all classes look alike)",
    )
    .option('--out <folder>', 'folder to write', 'data/soft-labels')
    .addHelpText('after', '\nExample:\n  distill soft-labels --teacher models/teacher');
  return addSharedOptions(command).action(softLabels);
}
