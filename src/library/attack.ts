/** One attack on one model as one call. */
import { range } from '../arrays.ts';
import type { AttackPlan } from '../attacks/index.ts';
import { type Dataset, imageSize } from '../data/index.ts';
import { UserError } from '../errors.ts';
import { type AttackRun, attackDataset, averaged, checkLevels } from '../evaluation/index.ts';
import type { Classifier } from '../models/index.ts';
import { DEFAULTS } from '../training/index.ts';
import { abortable } from './abort.ts';
import { runningEngine } from './engine.ts';

/** What is attacked, and how. */
export interface AttackOptions {
  readonly model: Classifier;
  /** Images with their true labels. */
  readonly data: Dataset;
  /** The attack with its choices; see `planAttack`. */
  readonly plan: AttackPlan;
  /** How many images, from the first on; default all. */
  readonly samples?: number;
  /** A class for every image to aim at; default away from the true one. */
  readonly targets?: readonly number[];
  /** The model that a transfer attack takes its gradients from. */
  readonly source?: Classifier;
  /** Of a model that answers at random: attack and judge the mean of so many answers; default 1. */
  readonly draws?: number;
  /** Levels from 2 to 65536 that attacked pixels are rounded to, 256 for 8 bits; default float32. */
  readonly levels?: number;
  /** Of all random numbers; default 1. */
  readonly seed?: number;
  /** Ends the attack at the next pass over the model with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How many images are done, of all. */
  onProgress?(done: number, total: number): void;
}

/** What came of an attack; the arrays go by image. */
export interface AttackOutcome extends AttackRun {
  /** The candidates, `[N, H, W, C]`, float32 in [0, 1]: also those that did not succeed. */
  readonly images: Float32Array;
}

/**
 * Runs one attack and judges every candidate: class at T = 1, distance, success, legality. The
 * same seed gives the same candidates, whatever the batch size.
 *
 * @throws UserError `bad-plan`, `bad-goal`, `bad-labels`, `no-source`, `no-surrogate`; RunError
 *   `not-finite`; the reason of an aborted signal
 */
export async function attack(options: AttackOptions): Promise<AttackOutcome> {
  const { data, plan, targets, source, levels, seed = DEFAULTS.seed, signal } = options;
  checkLevels(levels);
  const model = averaged(options.model, options.draws);
  const count = options.samples ?? data.count;
  if (!Number.isInteger(count) || count < 1 || count > data.count) {
    throw new UserError(
      'bad-plan',
      `${data.name} has ${data.count} images, cannot attack ${count}`,
    );
  }
  if (targets !== undefined && targets.length !== count) {
    throw new UserError('bad-plan', `${count} targets expected, found ${targets.length}`);
  }
  signal?.throwIfAborted();
  await runningEngine();
  const images = new Float32Array(count * imageSize(data));
  const tell = abortable(signal, options.onProgress?.bind(options));
  let done = 0;
  const run = await attackDataset({
    plan,
    classifier: model,
    dataset: data,
    positions: range(count),
    seed,
    ...(targets && { targets }),
    ...(source && { source }),
    ...(levels !== undefined && { levels }),
    onPasses: () => signal?.throwIfAborted(),
    onBatch: (candidates, positions) => {
      images.set(candidates, done * imageSize(data));
      done += positions.length;
      tell(done, count);
    },
  });
  return { ...run, images };
}
