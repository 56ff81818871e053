import { Command, Option } from 'commander';
import type { Method } from '../../certification/index.ts';
import { METHODS } from '../../certification/methods.ts';
import { defaultBudgets } from '../default-eps.ts';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addSharedOptions,
  type DataOptions,
  type SharedOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';

export interface CertifyFlags extends SharedOptions, DataOptions {
  readonly eps: readonly string[];
  readonly samples: number;
  readonly method: Method;
  readonly out: string;
}

export function certifyCommand(action: Action<[model: string, flags: CertifyFlags]>): Command {
  const command = new Command('certify')
    .description(
      "prove that no change within a Linf budget changes a model's answers, or find one that does",
    )
    .argument('<model>', 'model folder')
    .option(
      '--eps <x...>',
      'largest perturbations in Linf, in pixel values, such as 0.1 or 8/255',
      [...defaultBudgets('Linf')],
    )
    .option('--samples <n>', 'take the first n test images', integer('--samples', 1), 1000)
    .addOption(
      new Option(
        '--method <name>',
        'how answers are proven: interval bounds, backward linear bounds of the logits (linear) or of everything (crown), or for each image the cheapest that decides (auto)',
      )
        .choices(METHODS)
        .default('auto'),
    );
  return addSharedOptions(addDataOptions(command))
    .option('--out <folder>', 'folder for the record', 'report/certify')
    .addHelpText(
      'after',
      '\nExample:\n  distill certify models/student --eps 0.01 0.1 --samples 200',
    )
    .action(action);
}
