import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addCiOptions,
  addGateOptions,
  addRunsOption,
  addSharedOptions,
  type CiFlags,
  type GateFlags,
  type RunsOptions,
  type SharedOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';
import {
  addFineTuneOption,
  addNoiseOptions,
  addTemperatureOption,
  addTrainingOptions,
  type SoftLabelFlags,
  type TrainingFlags,
} from '../training-options.ts';

export interface RunFlags
  extends SharedOptions,
    RunsOptions,
    TrainingFlags,
    SoftLabelFlags,
    GateFlags,
    CiFlags {
  readonly fineTuneEpochs: number;
  readonly eps: readonly string[];
  readonly samples: number;
  readonly models: string;
  readonly force?: true;
}

export function runCommand(action: Action<[RunFlags]>): Command {
  const command = new Command('run').description(
    'do the whole recipe: train baseline and teacher, make soft labels, train the student, attack, evaluate, report',
  );
  addFineTuneOption(addNoiseOptions(addTrainingOptions(addTemperatureOption(command))))
    .option('--eps <x...>', 'largest perturbations in pixel values, such as 0.1 or 8/255', [
      '0.1',
      '0.3',
    ])
    .option('--samples <n>', 'attack the first n test images', integer('--samples', 1), 1000)
    .option(
      '--models <folder>',
      'folder for the three models; one other than models also gets soft labels and report',
      'models',
    )
    .option('--force', 'repeat every step, even those that are up to date')
    .addHelpText(
      'after',
      '\nExample:\n  distill run --train-size 6000 --epochs 3 --models models/small',
    );
  return addSharedOptions(addRunsOption(addCiOptions(addGateOptions(command)))).action(action);
}
