import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addOutputOptions,
  addRunsOption,
  type OutputOptions,
  type RunsOptions,
} from '../options.ts';

export interface CompareFlags extends OutputOptions, RunsOptions {}

export function compareCommand(
  action: Action<[first: string, second: string, flags: CompareFlags]>,
): Command {
  const command = new Command('compare')
    .description(
      'compare two kept runs: what differs in their settings, and paired tests on the images of both',
    )
    .argument('<first>', 'id of a run, or a part of it that no other has')
    .argument('<second>', 'id of another run');
  return addOutputOptions(addRunsOption(command))
    .addHelpText('after', '\nExample:\n  distill compare 0a319c8140d3 598893658f12')
    .action(action);
}
