import { Command } from 'commander';
import { MAX_THREADS } from '../../engine/choices.ts';
import type { Action } from '../lazily.ts';
import {
  addOutputOptions,
  addQueueOptions,
  type OutputOptions,
  type QueueOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';

/** Most jobs that one worker does at once. */
const MOST_AT_ONCE = 256;

export interface WorkerFlags extends OutputOptions, QueueOptions {
  readonly workers: number;
  readonly threads?: number;
}

export function workerCommand(action: Action<[flags: WorkerFlags]>): Command {
  const command = addQueueOptions(
    new Command('worker').description('work for sweeps and evaluations that are run with --queue'),
  )
    .option(
      '--workers <n>',
      'processes that work at once',
      integer('--workers', 1, MOST_AT_ONCE),
      1,
    )
    .option(
      '--threads <n>',
      'threads of each process (default: the cores of this machine, shared out)',
      integer('--threads', 1, MAX_THREADS),
    );
  return addOutputOptions(command, 'print nothing but, at the end, how much was done')
    .addHelpText(
      'after',
      `
It works until it is interrupted, and then gives back what it had begun. The
data sets that are asked for must be here under the same names.

Example:
  distill worker --queue redis://queue.example`,
    )
    .action(action);
}
