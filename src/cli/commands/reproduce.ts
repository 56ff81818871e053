import { Argument, Command, Option } from 'commander';
import type { ReproductionName } from '../../experiments/reproductions/names.ts';
import { REPRODUCTION_NAMES, REPRODUCTIONS } from '../../experiments/reproductions/names.ts';
import { ARCHITECTURE_NAMES } from '../../models/architectures/registry.ts';
import type { ArchitectureName } from '../../models/index.ts';
import type { Action } from '../lazily.ts';
import {
  addRunsOption,
  addSharedOptions,
  type RunsOptions,
  type SharedOptions,
} from '../options.ts';
import { integer, parseNumbers } from '../parsers.ts';
import { addTrainingDataOptions, type TrainingDataOptions } from '../training-options.ts';

export interface ReproduceFlags extends SharedOptions, RunsOptions, TrainingDataOptions {
  readonly samples?: number;
  readonly temperature?: readonly number[];
  readonly epochs?: number;
  readonly architecture?: ArchitectureName;
  readonly outputScaling?: true;
  readonly seeds: number;
  readonly workers?: number;
  readonly out?: string;
}

const papers = REPRODUCTION_NAMES.map((name) => `${name}: ${REPRODUCTIONS[name].about}`);

export function reproduceCommand(
  action: Action<[paper: ReproductionName, flags: ReproduceFlags]>,
): Command {
  const command = new Command('reproduce')
    .description(
      'train and attack the networks of a paper by its protocol, and print its figures beside what was measured',
    )
    .addArgument(new Argument('<paper>', papers.join('; ')).choices(REPRODUCTION_NAMES))
    .option(
      '--samples <n>',
      'attack the first n test images (default: as many as the paper, 1000)',
      integer('--samples', 1),
    )
    .option(
      '--temperature <t,...>',
      `temperatures to distill at (default: ${REPRODUCTION_NAMES.map((name) => `${name} ${REPRODUCTIONS[name].temperatures.join(',')}`).join('; ')})`,
      parseNumbers('--temperature', 1, 10_000, '100 or 1,5,100'),
    )
    .option(
      '--epochs <n>',
      "passes over the training images (default: the paper's)",
      integer('--epochs', 1),
    )
    .addOption(
      new Option('--architecture <name>', "network to train (default: the paper's)").choices(
        ARCHITECTURE_NAMES,
      ),
    )
    .option(
      '--output-scaling',
      'scale the output layer and its learning rate by T, as `distill run` does: short trainings at a high T learn little without it',
    );
  return addSharedOptions(
    addRunsOption(addTrainingDataOptions(command))
      .option(
        '--seeds <n>',
        'train everything with n seeds, from --seed up',
        integer('--seeds', 1, 1000),
        1,
      )
      .option(
        '--workers <n>',
        'processes that work at once (default: one for each core, at most 8)',
        integer('--workers', 1, 256),
      )
      .option(
        '--out <folder>',
        'folder of the reproduction (default: PAPER-ID below --runs, by what is asked for)',
      ),
  )
    .addHelpText(
      'after',
      `
The whole protocol takes hours; fewer images, epochs and temperatures shorten it,
and the page says so. The same command goes on where it was interrupted.

Examples:
  distill reproduce papernot-2016 --samples 100
  distill reproduce carlini-2017 --temperature 100 --samples 20
  distill reproduce papernot-2016 --temperature 1,5,100 --samples 20 \\
    --train-size 12000 --epochs 10 --output-scaling    # some minutes on 2 cores`,
    )
    .action(action);
}
