import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addOutputOptions,
  addRunsOption,
  type OutputOptions,
  type RunsOptions,
} from '../options.ts';

export interface ShowFlags extends OutputOptions, RunsOptions {}

export function showCommand(action: Action<[id: string, flags: ShowFlags]>): Command {
  const command = new Command('show')
    .description('show one kept run: its settings, metrics, digests, files, and how it is repeated')
    .argument('<id>', 'id of the run, or a part of it that no other has');
  return addOutputOptions(addRunsOption(command))
    .addHelpText('after', '\nExample:\n  distill show 20261126-185112-evaluate-3fa9')
    .action(action);
}
