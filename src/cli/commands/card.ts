import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import { addOutputOptions, type OutputOptions } from '../options.ts';

export interface CardFlags extends OutputOptions {
  readonly from: readonly string[];
  readonly out?: string;
}

export function cardCommand(action: Action<[string, CardFlags]>): Command {
  const command = new Command('card')
    .description('write a model card: training, metrics, threat model, and what was not tested')
    .argument('<model>', 'model folder')
    .option('--from <records...>', 'records that may have measured it', [
      'report/evaluate/evaluation.json',
    ])
    .option('--out <folder>', 'folder for model-card.md and model-card.json (default: print it)');
  return addOutputOptions(command)
    .addHelpText('after', '\nExample:\n  distill card models/student --out report/card')
    .action(action);
}
