import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addRunsOption,
  addSharedOptions,
  type RunsOptions,
  type SharedOptions,
} from '../options.ts';
import {
  addResumeOption,
  addTemperatureOption,
  addTrainingOptions,
  type TrainingFlags,
} from '../training-options.ts';

export interface TrainTeacherFlags extends SharedOptions, RunsOptions, TrainingFlags {
  readonly out?: string;
  readonly resume?: true;
}

export function trainTeacherCommand(action: Action<[TrainTeacherFlags]>): Command {
  const command = new Command('train-teacher').description(
    'train the teacher on hard labels at temperature T (T = 1: the undistilled baseline)',
  );
  addTrainingOptions(addTemperatureOption(command)).option(
    '--out <folder>',
    'model folder to write (default: models/teacher; at T = 1, models/baseline)',
  );
  addResumeOption(command).addHelpText(
    'after',
    '\nExamples:\n  distill train-teacher --temperature 40 --out models/teacher\n  distill train-teacher --temperature 1',
  );
  return addSharedOptions(addRunsOption(command)).action(action);
}
