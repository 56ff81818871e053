import { RandomStream } from '../engine/index.ts';
import { type Dataset, imageSize } from './dataset.ts';
import type { NoiseKind } from './noise-kinds.ts';

export interface NoiseOptions {
  readonly kind: NoiseKind;
  /** Half-width of the uniform or standard deviation of the normal distribution, in pixel values [0, 1]. */
  readonly scale: number;
  /** How many noisy copies of every image. */
  readonly copies: number;
  readonly seed: number;
}

/**
 * Noisy copies of every image, clipped to [0, 1] and rounded to bytes: first all images with
 * their first noise, then all with their second, … Each image has a random stream of its own,
 * named by its index in the data set, so that the noise does not depend on what else is there.
 *
 * @returns `copies * count * H * W * C` bytes
 */
export function noisyCopies(dataset: Dataset, options: NoiseOptions): Uint8Array {
  const size = imageSize(dataset);
  const noisy = new Uint8Array(options.copies * dataset.images.length);
  const root = new RandomStream(options.seed, `noise/${options.kind}`);
  for (let copy = 0; copy < options.copies; copy++) {
    for (let i = 0; i < dataset.count; i++) {
      const stream = root.child(`${copy}/${dataset.indices[i]}`);
      const from = i * size;
      const to = copy * dataset.images.length + from;
      for (let p = 0; p < size; p++) {
        const unit = options.kind === 'uniform' ? 2 * stream.uniform() - 1 : stream.normal();
        const value = dataset.images[from + p] + 255 * options.scale * unit;
        noisy[to + p] = Math.round(Math.min(255, Math.max(0, value)));
      }
    }
  }
  return noisy;
}
