/** A small data set and models that tests of the library share. */
import * as tf from '@tensorflow/tfjs-core';
import { type Classifier, datasetOf, RandomStream, wrapFunction } from '../../src/index.ts';

export const SHAPE = [12, 12, 1] as const;
export const CLASSES = 3;

/** Images of a bright horizontal band: the class is the third of the image it lies in. */
export function bands(name: string, count: number, seed = 1) {
  const stream = new RandomStream(seed, name);
  const labels = Uint8Array.from({ length: count }, () => stream.integer(CLASSES));
  const images = Uint8Array.from({ length: count * 144 }, (_, i) => {
    const row = Math.floor((i % 144) / 12);
    const isBright = Math.floor(row / 4) === labels[Math.floor(i / 144)];
    return (isBright ? 150 : 60) + stream.integer(40);
  });
  return datasetOf({ name, shape: SHAPE, classes: CLASSES, images, labels });
}

/** Logits: the brightness of each band, times `scale`. */
export function bandModel(name: string, scale = 8): Classifier {
  return wrapFunction(
    (images) => tf.mul(tf.mean(tf.reshape(images, [-1, CLASSES, 48]), 2), scale),
    {
      name,
      inputShape: SHAPE,
      classes: CLASSES,
    },
  );
}
