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
import { decimal, integer } from '../parsers.ts';
import { refuseUnused } from '../unused-options.ts';

export interface CertifyFlags extends SharedOptions, DataOptions {
  readonly eps: readonly string[];
  readonly samples: number;
  readonly method: Method;
  readonly property?: string;
  readonly timeLimit?: number;
  readonly vnnlib?: string;
  readonly out: string;
}

export function certifyCommand(action: Action<[model: string, flags: CertifyFlags]>): Command {
  const command = new Command('certify')
    .description(
      "prove that no change within a Linf budget changes a model's answers, or find one that does",
    )
    .argument('<model>', 'model folder; with --property also an .onnx file')
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
    )
    .option(
      '--property <file>',
      'decide a VNN-LIB property instead: it holds, is violated (with a counterexample), or is unknown',
    )
    .option(
      '--time-limit <seconds>',
      'give a property up after so long (default: 60)',
      decimal('--time-limit', 0, 1e6, true),
    )
    .option(
      '--vnnlib <folder>',
      'write the model as ONNX and the question about each image as VNN-LIB, for other verifiers',
    );
  refuseUnused<CertifyFlags>(command, ['timeLimit'], ({ property }) =>
    property === undefined
      ? { why: 'without --property', hint: 'leave it out, or name a property' }
      : undefined,
  );
  refuseUnused<CertifyFlags>(
    command,
    ['eps', 'samples', 'method', 'vnnlib', 'data'],
    ({ property }) =>
      property === undefined
        ? undefined
        : { why: 'with --property, which says all of it', hint: 'leave it out' },
  );
  return addSharedOptions(addDataOptions(command))
    .option('--out <folder>', 'folder for the record', 'report/certify')
    .addHelpText(
      'after',
      `
Examples:
  distill certify models/student --eps 0.01 0.1 --samples 200
  distill certify network.onnx --property property.vnnlib --time-limit 120`,
    )
    .action(action);
}
