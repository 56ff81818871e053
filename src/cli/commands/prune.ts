import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addOutputOptions,
  addRunsOption,
  type OutputOptions,
  type RunsOptions,
} from '../options.ts';
import { decimal, integer } from '../parsers.ts';
import { addWhereOption } from './list.ts';

export interface PruneFlags extends OutputOptions, RunsOptions {
  readonly where: readonly string[];
  readonly olderThan?: number;
  readonly keepLast?: number;
  readonly sweeps?: true;
  readonly yes?: true;
}

export function pruneCommand(action: Action<[PruneFlags]>): Command {
  const command = new Command('prune')
    .description(
      'say which kept runs would be deleted, and how much room that makes; with --yes, delete them',
    )
    .option(
      '--older-than <days>',
      'runs that began longer ago than this',
      decimal('--older-than', 0, 100_000),
    )
    .option('--keep-last <n>', 'all runs but the last n', integer('--keep-last', 0))
    .option('--sweeps', 'sweeps too, as a whole (only by their age and number)')
    .option('--yes', 'delete them');
  return addOutputOptions(addRunsOption(addWhereOption(command)))
    .addHelpText(
      'after',
      `
Without a condition only runs that were killed before their end are named.

Example:
  distill prune --older-than 30 --where kind=attack`,
    )
    .action(action);
}
