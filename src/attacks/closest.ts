import { range, row } from '../arrays.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import type { Oracle } from './oracle.ts';
import { distance } from './threat.ts';
import type { AttackBatch, Goal, Norm } from './types.ts';

/**
 * The nearest image found so far that reaches its goal, example by example: what a minimal-norm
 * attack returns. Where none was found it holds the original image.
 */
export class Closest {
  /** `[count, features]` */
  readonly images: Float32Array;
  /** Infinity where nothing was found. */
  readonly distances: Float64Array;
  readonly #originals: Float32Array;
  readonly #norm: Norm;
  readonly #features: number;

  constructor({ images, labels }: AttackBatch, norm: Norm) {
    this.images = images.slice();
    this.distances = new Float64Array(labels.length).fill(Number.POSITIVE_INFINITY);
    this.#originals = images;
    this.#norm = norm;
    this.#features = images.length / labels.length;
  }

  /** The image the example started as. */
  original(example: number): Float32Array {
    return row(this.#originals, example, this.#features);
  }

  /** The nearest image found. */
  image(example: number): Float32Array {
    return row(this.images, example, this.#features);
  }

  found(example: number): boolean {
    return this.distances[example] < Number.POSITIVE_INFINITY;
  }

  /** Keeps an image that reaches the goal if it is nearer than the last one; says whether it is. */
  offer(example: number, image: Float32Array): boolean {
    const away = distance(this.#norm, this.original(example), image);
    if (!(away < this.distances[example])) return false;
    this.distances[example] = away;
    this.image(example).set(image);
    return true;
  }
}

/**
 * The examples that do not reach the goal yet. The others are their own nearest image, at distance
 * 0: they are offered to `closest`. Costs one forward pass.
 */
export async function unreached(
  oracle: Oracle,
  batch: AttackBatch,
  goal: Goal,
  closest: Closest,
): Promise<number[]> {
  const logits = await oracle.logits(batch.images);
  const classTargets = classTargetsOf(batch, goal);
  return range(batch.labels.length).filter((example) => {
    const isReached = reachesGoal(logits, classTargets, example);
    if (isReached) closest.offer(example, closest.original(example));
    return !isReached;
  });
}
