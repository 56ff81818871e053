/** Small models with known answers, on the plain JavaScript backend. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '../../src/engine/index.ts';
import type { AttackBatch } from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';

await tf.setBackend('cpu');

export interface Affine {
  /** `[features][classes]` */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** Logits = x W + b. */
export function linearClassifier({ weights, bias }: Affine): Classifier {
  const w = tf.tensor2d(weights.map((line) => [...line]));
  const b = tf.tensor1d([...bias]);
  return {
    name: 'linear',
    inputShape: [1, weights.length, 1],
    classes: bias.length,
    temperature: 1,
    logits: (images) =>
      tf.add(tf.matMul(tf.reshape(images, [images.shape[0], weights.length]), w), b) as Logits,
  };
}

/** A random affine map with entries of standard deviation `scale`. */
export function randomAffine(features: number, classes: number, seed: number, scale = 1): Affine {
  const stream = new RandomStream(seed, 'test/affine');
  return {
    weights: Array.from({ length: features }, () =>
      Array.from({ length: classes }, () => Math.fround(scale * stream.normal())),
    ),
    bias: Array.from({ length: classes }, () => Math.fround(scale * stream.normal())),
  };
}

/** Two layers with a smooth bend between them: not linear, so that iterating pays. */
export function smallNetwork(features: number, classes: number, seed: number): Classifier {
  const stream = new RandomStream(seed, 'test/network');
  const hidden = 16;
  const normal = (rows: number, columns: number, scale: number) =>
    tf.tensor2d(
      Float32Array.from({ length: rows * columns }, () => scale * stream.normal()),
      [rows, columns],
    );
  const first = normal(features, hidden, 2 / Math.sqrt(features));
  const second = normal(hidden, classes, 2 / Math.sqrt(hidden));
  const bias = normal(1, hidden, 0.5);
  return {
    name: 'small',
    inputShape: [1, features, 1],
    classes,
    temperature: 1,
    logits: (images) => {
      const flat = tf.reshape(images, [images.shape[0], features]);
      const units = tf.tanh(tf.add(tf.matMul(tf.sub(flat, 0.5), first), bias));
      return tf.matMul(units, second) as Logits;
    },
  };
}

/** The same decisions from other logits: `scale * z + offset`. */
export function rescaled(model: Classifier, scale: number, offset = 0): Classifier {
  return {
    ...model,
    name: `${model.name} x ${scale} + ${offset}`,
    temperature: scale,
    logits: (images) => tf.add(tf.mul(model.logits(images), scale), offset) as Logits,
  };
}

/** Logits of a batch `[N, features]`, as rows. */
export function logitsOf(model: Classifier, images: Float32Array): number[][] {
  return tf.tidy(() => {
    const count = images.length / model.inputShape.reduce((a, b) => a * b);
    const input = tf.tensor4d(images, [count, ...model.inputShape] as const);
    return model.logits(input).arraySync();
  });
}

/** Random images in [low, high], labeled as the model sees them (so that all start out right). */
export function examplesFor(
  model: Classifier,
  count: number,
  { seed = 1, low = 0.2, high = 0.8 } = {},
): AttackBatch {
  const features = model.inputShape.reduce((a, b) => a * b);
  const root = new RandomStream(seed, 'test/examples');
  const streams = Array.from({ length: count }, (_, i) => root.child(i));
  const images = Float32Array.from(
    streams.flatMap((stream) => {
      const own = stream.child('pixels');
      return Array.from({ length: features }, () => low + (high - low) * own.uniform());
    }),
  );
  const labels = Int32Array.from(logitsOf(model, images), (z) => z.indexOf(Math.max(...z)));
  return { images, labels, streams };
}

/** The examples at `rows`, in that order. */
export function pick(examples: AttackBatch, rows: readonly number[]): AttackBatch {
  const features = examples.images.length / examples.labels.length;
  return {
    images: Float32Array.from(
      rows.flatMap((i) => [...examples.images.subarray(i * features, (i + 1) * features)]),
    ),
    labels: Int32Array.from(rows, (i) => examples.labels[i]),
    streams: rows.map((i) => examples.streams[i]),
  };
}
