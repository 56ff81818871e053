import { Command } from 'commander';
import { DEFAULTS } from '../../training/settings.ts';
import type { Action } from '../lazily.ts';
import { addSharedOptions, type SharedOptions } from '../options.ts';
import { decimal, integer } from '../parsers.ts';
import {
  addNoiseOptions,
  addTemperatureOption,
  addTrainingDataOptions,
  type MatchedTemperature,
  type SoftLabelFlags,
  type TrainingDataOptions,
} from '../training-options.ts';
import { refuseUnused } from '../unused-options.ts';

export interface SoftLabelsFlags
  extends SharedOptions,
    TrainingDataOptions,
    SoftLabelFlags,
    MatchedTemperature {
  readonly teacher: string;
  readonly out: string;
}

export function softLabelsCommand(action: Action<[SoftLabelsFlags]>): Command {
  const command = new Command('soft-labels')
    .description(
      "compute and save the teacher's softmax(logits / T) of the training images and of noisy copies",
    )
    .option('--teacher <folder>', 'model folder of the teacher', 'models/teacher');
  addNoiseOptions(addTrainingDataOptions(addTemperatureOption(command, "the teacher's")))
    .option(
      '--allow-temperature-mismatch',
      "allow a temperature other than the teacher's (a higher one makes all classes look alike)",
    )
    .option(
      '--outlier-class',
      "labels with one more class, of outliers, which gets the more of an image's label the more the teacher's logits change from one dropout pass to the next (extended defensive distillation); students learn them at T = 1",
    )
    .option(
      '--dropout-passes <n>',
      'forward passes with dropout an image, with --outlier-class',
      integer('--dropout-passes', 2, 10_000),
      DEFAULTS.dropoutPasses,
    )
    .option(
      '--outlier-share <x>',
      "what goes to the outlier class of the most uncertain image's label, with --outlier-class",
      decimal('--outlier-share', 0, 1, true),
      DEFAULTS.outlierShare,
    )
    .option('--out <folder>', 'folder to write', 'data/soft-labels')
    .addHelpText(
      'after',
      `
Examples:
  distill soft-labels --teacher models/teacher
  distill soft-labels --outlier-class --out data/outlier-labels`,
    );
  const ofOutliers = ['dropoutPasses', 'outlierShare'] as const;
  refuseUnused<SoftLabelsFlags>(command, ofOutliers, ({ outlierClass }) =>
    outlierClass
      ? undefined
      : { why: 'without --outlier-class', hint: 'add --outlier-class, or leave it out' },
  );
  const ofSoftmax = ['temperature', 'allowTemperatureMismatch'] as const;
  refuseUnused<SoftLabelsFlags>(command, ofSoftmax, ({ outlierClass }) =>
    outlierClass
      ? { why: 'with --outlier-class', hint: 'leave it out: these labels are learned at T = 1' }
      : undefined,
  );
  return addSharedOptions(command).action(action);
}
