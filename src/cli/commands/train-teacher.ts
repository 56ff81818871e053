import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import { addSharedOptions, type SharedOptions } from '../options.ts';
import {
  addTemperatureOption,
  addTrainingOptions,
  addTrainingRunOptions,
  type TrainingFlags,
  type TrainingRunFlags,
} from '../training-options.ts';

export interface TrainTeacherFlags extends SharedOptions, TrainingRunFlags, TrainingFlags {
  readonly out?: string;
}

export function trainTeacherCommand(action: Action<[TrainTeacherFlags]>): Command {
  const command = new Command('train-teacher').description(
    'train the teacher on hard labels at temperature T (T = 1: the undistilled baseline)',
  );
  addTrainingOptions(addTemperatureOption(command)).option(
    '--out <folder>',
    'model folder to write (default: models/teacher; at T = 1, models/baseline)',
  );
  addTrainingRunOptions(command).addHelpText(
    'after',
    '\nExamples:\n  distill train-teacher --temperature 40 --out models/teacher\n  distill train-teacher --temperature 1',
  );
  return addSharedOptions(command).action(action);
}
