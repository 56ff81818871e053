import { RandomStream } from '../engine/index.ts';
import type { AttackBatch } from './types.ts';

/**
 * Images with their labels, each with a random stream of its own, named by its position.
 *
 * @param images `[N, H, W, C]` row-major, float32 in [0, 1]
 * @param labels `[N]` class numbers
 * @param seed integer from 0 up
 */
export function batchOf(
  images: Float32Array,
  labels: ArrayLike<number>,
  seed: number,
): AttackBatch {
  const stream = new RandomStream(seed, 'batch');
  return {
    images,
    labels: Int32Array.from(labels),
    streams: Array.from(labels, (_, i) => stream.child(i)),
  };
}
