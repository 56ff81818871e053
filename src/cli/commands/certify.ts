import { Command, Option } from 'commander';
import { CERTIFY_METHODS, type CertifyMethod } from '../../certification/methods.ts';
import { DEFAULTS } from '../../training/settings.ts';
import { defaultBudgets } from '../default-eps.ts';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addSharedOptions,
  type DataOptions,
  type SharedOptions,
} from '../options.ts';
import { decimal, integer, share } from '../parsers.ts';
import { refuseUnused } from '../unused-options.ts';

export interface CertifyFlags extends SharedOptions, DataOptions {
  readonly eps: readonly string[];
  readonly samples?: number;
  readonly method: CertifyMethod;
  readonly sigma: number;
  readonly draws: number;
  readonly alpha: number;
  readonly resume?: true;
  readonly property?: string;
  readonly timeLimit?: number;
  readonly vnnlib?: string;
  readonly minCertifiedAccuracy?: number;
  readonly out: string;
}

/** How many images are certified by default: each costs thousands of passes with smoothing. */
export const CERTIFIED_SAMPLES = { bounds: 1000, smoothing: 100 };

export function certifyCommand(
  action: Action<[models: readonly string[], flags: CertifyFlags]>,
): Command {
  const command = new Command('certify')
    .description(
      "prove that no change within a Linf budget changes a model's answers, or find one that does; or certify the model smoothed with noise, in L2",
    )
    .argument('<models...>', 'model folders; with --property one, or an .onnx file')
    .option(
      '--eps <x...>',
      'largest perturbations in Linf, in pixel values, such as 0.1 or 8/255',
      [...defaultBudgets('Linf')],
    )
    .option(
      '--samples <n>',
      `take the first n test images (default: ${CERTIFIED_SAMPLES.bounds}, with --method smoothing ${CERTIFIED_SAMPLES.smoothing})`,
      integer('--samples', 1),
    )
    .addOption(
      new Option(
        '--method <name>',
        'how answers are proven: interval bounds, backward linear bounds of the logits (linear) or of everything (crown), or for each image the cheapest that decides (auto); or by the answers to many noisy copies, in L2 (smoothing)',
      )
        .choices(CERTIFY_METHODS)
        .default('auto'),
    )
    .option(
      '--sigma <x>',
      'standard deviation of the noise of --method smoothing, in pixel values',
      decimal('--sigma', 0, 10, true),
      DEFAULTS.sigma,
    )
    .option(
      '--draws <n>',
      'noisy copies of each image for --method smoothing',
      integer('--draws', 1, 1_000_000),
      10_000,
    )
    .option(
      '--alpha <x>',
      'largest probability that an image certified by --method smoothing is not',
      decimal('--alpha', 0, 0.499, true),
      0.001,
    )
    .option('--resume', 'resume an interrupted --method smoothing')
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
  command.option(
    '--min-certified-accuracy <x>',
    'exit with 1 if less than this is certified at a budget (such as 0.9 or 90%)',
    share('--min-certified-accuracy'),
  );
  refuseUnused<CertifyFlags>(command, ['timeLimit'], ({ property }) =>
    property === undefined
      ? { why: 'without --property', hint: 'leave it out, or name a property' }
      : undefined,
  );
  refuseUnused<CertifyFlags>(
    command,
    ['eps', 'samples', 'method', 'vnnlib', 'data', 'minCertifiedAccuracy'],
    ({ property }) =>
      property === undefined
        ? undefined
        : { why: 'with --property, which says all of it', hint: 'leave it out' },
  );
  refuseUnused<CertifyFlags>(command, ['sigma', 'draws', 'alpha', 'resume'], ({ method }) =>
    method === 'smoothing'
      ? undefined
      : { why: `with --method ${method}`, hint: 'leave it out, or choose --method smoothing' },
  );
  refuseUnused<CertifyFlags>(command, ['eps', 'vnnlib', 'minCertifiedAccuracy'], ({ method }) =>
    method === 'smoothing'
      ? { why: 'with --method smoothing, which finds radii in L2', hint: 'leave it out' }
      : undefined,
  );
  return addSharedOptions(addDataOptions(command))
    .option('--out <folder>', 'folder for the record', 'report/certify')
    .addHelpText(
      'after',
      `
Examples:
  distill certify models/student --eps 0.01 0.1 --samples 200
  distill certify models/baseline models/certified --eps 0.1
  distill certify models/smoothed --method smoothing --sigma 0.5
  distill certify network.onnx --property property.vnnlib --time-limit 120`,
    )
    .action(action);
}
