import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import { addSharedOptions, type SharedOptions } from '../options.ts';
import {
  addNoiseOptions,
  addTemperatureOption,
  addTrainingDataOptions,
  type MatchedTemperature,
  type SoftLabelFlags,
  type TrainingDataOptions,
} from '../training-options.ts';

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
    .option('--out <folder>', 'folder to write', 'data/soft-labels')
    .addHelpText('after', '\nExample:\n  distill soft-labels --teacher models/teacher');
  return addSharedOptions(command).action(action);
}
