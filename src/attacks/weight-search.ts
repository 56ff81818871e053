/**
 * The search for c that Carlini & Wagner's L2 attack and its relatives share: the least weight of the
 * goal, against the distance, with which a descent reaches it.
 */
import { gather, range } from '../arrays.ts';
import type { AttackInput } from './attack.ts';
import { Closest, unreached } from './closest.ts';
import { classTargetsOf } from './goals.ts';
import type { ClassTargets } from './types.ts';

/** Above this, c means that none was large enough yet. */
const UNBOUNDED = 1e9;

/** Options that these attacks have. */
export const weightOptions = {
  searches: { about: 'values of c to try', default: 9, min: 1, integer: true },
  initialC: { about: 'first weight of the goal', default: 0.001, above: 0 },
  confidence: { about: 'goal margin, in logits, to reach', default: 0, min: 0 },
} as const;

/** A descent from the images, with one weight of the goal for each. */
export interface WeightedDescent {
  /** `[count, features]` */
  readonly originals: Float32Array;
  readonly classTargets: ClassTargets;
  readonly weights: readonly number[];
  /** Takes every image that reaches the goal with the confidence asked for. */
  onReached(example: number, image: Float32Array): void;
}

/** Runs the descent with weights found by bisection; returns the nearest images that it reached. */
export async function searchWeights(
  { oracle, batch, goal, threat }: Omit<AttackInput, 'options'>,
  options: Readonly<Record<keyof typeof weightOptions, number>>,
  descend: (run: WeightedDescent) => Promise<void>,
): Promise<Float32Array> {
  const closest = new Closest(batch, threat.norm);
  // With a confidence, an image that is already wrong may still have to change.
  const open =
    options.confidence === 0
      ? await unreached(oracle, batch, goal, closest)
      : range(batch.labels.length);
  const weights = open.map(() => options.initialC);
  const low = open.map(() => 0);
  const high = open.map(() => Number.POSITIVE_INFINITY);
  const originals = gather(batch.images, open, oracle.features);
  for (let search = 0; search < options.searches; search++) {
    const reached = open.map(() => false);
    await descend({
      originals,
      classTargets: classTargetsOf(batch, goal, open),
      weights,
      onReached: (i, image) => {
        reached[i] = true;
        closest.offer(open[i], image);
      },
    });
    open.forEach((_, i) => {
      if (reached[i]) high[i] = Math.min(high[i], weights[i]);
      else low[i] = Math.max(low[i], weights[i]);
      weights[i] = high[i] < UNBOUNDED ? (low[i] + high[i]) / 2 : weights[i] * 10;
    });
  }
  return closest.images;
}
