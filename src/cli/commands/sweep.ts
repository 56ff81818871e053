import { Command, Option } from 'commander';
import type { Action } from '../lazily.ts';
import { optionHelp } from '../option-help.ts';
import {
  addDataOptions,
  addQueueOptions,
  addRunsOption,
  addSharedOptions,
  type DataOptions,
  type QueueOptions,
  type RunsOptions,
  type SharedOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';
import { variedOptions } from '../trial-options.ts';

/** Most processes that work at once. */
const MOST_WORKERS = 256;

export interface SweepFlags extends SharedOptions, RunsOptions, DataOptions, QueueOptions {
  readonly seeds?: number;
  readonly eps: string;
  readonly samples: number;
  readonly workers?: number;
  readonly out?: string;
}

/** An option that takes several values, as text: `--temperature 1,5,20`. */
function listed(option: Option): Option {
  if (option.negate) return option;
  const [flag, value] = option.flags.split(' ');
  return new Option(`${flag} ${value.replace('>', 's>')}`, optionHelp(option));
}

export function sweepCommand(
  action: Action<[file: string | undefined, flags: SweepFlags, command: Command]>,
): Command {
  const command = new Command('sweep')
    .description(
      'train and attack students with every combination of some options, and compare them on one page',
    )
    .argument('[file]', 'sweep.yaml: method, metric, parameters, as wandb sweeps have them');
  for (const option of variedOptions()) command.addOption(listed(option));
  return addSharedOptions(
    addQueueOptions(addRunsOption(addDataOptions(command)))
      .option(
        '--seeds <n>',
        'try everything with n seeds, from --seed up (default: 1)',
        integer('--seeds', 1, 1000),
      )
      .option(
        '--eps <x>',
        'Linf budget of the attacks in pixel values, such as 0.1 or 8/255',
        '0.1',
      )
      .option('--samples <n>', 'attack the first n test images', integer('--samples', 1), 500)
      .option(
        '--workers <n>',
        'processes that work at once (default: one for each core, at most 8)',
        integer('--workers', 1, MOST_WORKERS),
      )
      .option(
        '--out <folder>',
        'folder of the sweep (default: sweep-ID below --runs, by what is asked for)',
      ),
  )
    .addHelpText(
      'after',
      `
Options of training take several values, and all combinations are tried. The
same command goes on where it was interrupted.

Examples:
  distill sweep --temperature 1,2,5,10,20,50,100 --seeds 3
  distill sweep sweep.yaml --workers 2
  distill sweep sweep.yaml --queue redis://queue.example
    (the trials are done by distill worker, on any machine)`,
    )
    .action(action);
}
