import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addOutputOptions,
  type DataOptions,
  type OutputOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';

export interface PlaygroundFlags extends OutputOptions, DataOptions {
  readonly model: readonly string[];
  readonly port: number;
}

export function playgroundCommand(action: Action<[PlaygroundFlags]>): Command {
  const command = new Command('playground')
    .description('draw digits and attack them in a browser, served on this machine only')
    .option('--model <folders...>', 'model folders; the page compares with the first', [
      'models/baseline',
      'models/student',
    ])
    .option('--port <n>', 'port to serve on; 0 takes a free one', integer('--port', 0, 65_535), 0);
  return addOutputOptions(addDataOptions(command), 'print one JSON record with the address')
    .addHelpText(
      'after',
      '\nExample:\n  distill playground --model models/baseline models/student --port 8080',
    )
    .action(action);
}
