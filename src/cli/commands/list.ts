import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addOutputOptions,
  addRunsOption,
  type OutputOptions,
  type RunsOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';

export interface ListFlags extends OutputOptions, RunsOptions {
  readonly where: readonly string[];
  readonly sort: string;
  readonly descending?: true;
  readonly last?: number;
}

/** Conditions that choose among the kept runs. */
export const addWhereOption = (command: Command): Command =>
  command.option(
    '--where <conditions...>',
    'such as temperature=20, accuracy>=0.95 or kind=evaluate',
    [],
  );

export function listCommand(action: Action<[ListFlags]>): Command {
  const command = new Command('list')
    .description('list the runs that were kept: trainings, measurements and the trials of sweeps')
    .option('--sort <name>', 'fact, setting or metric to sort by', 'started')
    .option('--descending', 'the largest first')
    .option('--last <n>', 'list only the last n', integer('--last', 1));
  return addOutputOptions(addRunsOption(addWhereOption(command)))
    .addHelpText(
      'after',
      `
Example:
  distill list --where kind=trial 'temperature>=20' \\
    --sort robust_accuracy --descending`,
    )
    .action(action);
}
