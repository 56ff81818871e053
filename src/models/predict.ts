import * as tf from '@tensorflow/tfjs-core';
import { type Dataset, imagesAsFloats } from '../data/index.ts';
import { valuesOf } from '../engine/index.ts';
import type { Logits } from './classifier.ts';

/** Large enough to keep every core busy, small enough to stay in the cache. */
const BATCH = 128;

/**
 * Logits of all images, computed a batch at a time.
 * @returns `count * classes` values, row-major
 */
export async function logitsOf(
  model: { readonly classes: number; logits(images: tf.Tensor4D): Logits },
  dataset: Pick<Dataset, 'shape' | 'images' | 'count'>,
  onBatch?: (done: number) => void,
): Promise<Float32Array> {
  const all = new Float32Array(dataset.count * model.classes);
  for (let start = 0; start < dataset.count; start += BATCH) {
    const length = Math.min(BATCH, dataset.count - start);
    const positions = Array.from({ length }, (_, i) => start + i);
    const images = imagesAsFloats(dataset, positions);
    const logits = await valuesOf(() =>
      model.logits(tf.tensor4d(images, [length, ...dataset.shape])),
    );
    all.set(logits, start * model.classes);
    onBatch?.(start + length);
  }
  return all;
}

/** The class with the largest logit in each row; the first one wins a tie. */
export function classesOf(logits: Float32Array, classes: number): Int32Array {
  const winners = new Int32Array(logits.length / classes);
  for (let row = 0; row < winners.length; row++) {
    for (let c = 1; c < classes; c++) {
      if (logits[row * classes + c] > logits[row * classes + winners[row]]) winners[row] = c;
    }
  }
  return winners;
}
