import { Command } from 'commander';
import { DISTILLATION_METHODS } from '../../training/settings.ts';
import type { Action } from '../lazily.ts';
import { addSharedOptions, type SharedOptions } from '../options.ts';
import {
  type AdversaryFlags,
  addAdversaryOptions,
  addFineTuneOption,
  addMethodOption,
  addOutOption,
  addTemperatureOption,
  addTrainingOptions,
  addTrainingRunOptions,
  type MatchedTemperature,
  type TrainingFlags,
  type TrainingRunFlags,
} from '../training-options.ts';
import { refuseUnused } from '../unused-options.ts';

export interface TrainStudentFlags
  extends SharedOptions,
    TrainingRunFlags,
    Omit<TrainingFlags, 'temperature'>,
    MatchedTemperature,
    AdversaryFlags {
  readonly softLabels: string;
  readonly fineTuneEpochs: number;
  readonly robust?: true;
  readonly out: string;
}

export function trainStudentCommand(action: Action<[TrainStudentFlags]>): Command {
  const command = new Command('train-student').description(
    "train the student on the teacher's soft labels at the same temperature",
  );
  addTrainingOptions(addTemperatureOption(command, "the soft labels'"));
  addFineTuneOption(
    command.option(
      '--soft-labels <folder>',
      'what `distill soft-labels` wrote',
      'data/soft-labels',
    ),
  )
    .option('--allow-temperature-mismatch', "allow a temperature other than the soft labels'")
    .option(
      '--robust',
      'train on attacked images, so that the student of a robust teacher is robust too',
    );
  addAdversaryOptions(command, ' (with --robust)');
  addMethodOption(command, DISTILLATION_METHODS, ' (with --robust)').option(
    '--robust-teacher <folder>',
    'the second teacher of mtard, a robust model; the soft labels are those of a clean one',
  );
  const ofRobust = ['eps', 'attackSteps', 'method', 'robustTeacher'] as const;
  refuseUnused<TrainStudentFlags>(command, ofRobust, ({ robust }) =>
    robust ? undefined : { why: 'without --robust', hint: 'add --robust, or leave it out' },
  );
  refuseUnused<TrainStudentFlags>(command, ['robustTeacher'], ({ method }) =>
    method === 'mtard' ? undefined : { why: `with ${method}`, hint: 'it is for --method mtard' },
  );
  addTrainingRunOptions(addOutOption(command, 'models/student')).addHelpText(
    'after',
    `
Examples:
  distill train-student --temperature 40
  distill train-student --robust --soft-labels data/robust-labels \\
    --out models/robust-student`,
  );
  return addSharedOptions(command).action(action);
}
