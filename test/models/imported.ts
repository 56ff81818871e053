/** What the tests of importers share: 2 x 2 x 2 images and the logits of what was imported. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { ImportError } from '../../src/models/import/errors.ts';
import { type ImportedNetwork, Model } from '../../src/models/index.ts';

/** Images are 2 x 2 x 2 here; this one counts up. */
export const IMAGE = Float32Array.from({ length: 8 }, (_, i) => i / 8);

/** The same with the channels first, as ONNX sees it. */
export const CHANNELS_FIRST = [0, 2, 4, 6, 1, 3, 5, 7].map((i) => IMAGE[i]);

export function logitsOf({ network, weights }: ImportedNetwork): number[] {
  const model = new Model(network, weights, 1);
  const values = tf.tidy(() =>
    Array.from(model.logits(tf.tensor4d(IMAGE, [1, ...network.inputShape])).dataSync()),
  );
  model.dispose();
  return values;
}

export function assertClose(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-5, `${found} is not ${expected}`);
  });
}

export const refused = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof ImportError && error.code === code && message.test(error.message);

/** A kernel `[8, 2]` that sums the first four numbers of a vector, and the last four. */
export const HALVES_KERNEL = Array.from({ length: 16 }, (_, i) =>
  i % 2 === (i < 8 ? 0 : 1) ? 1 : 0,
);

/** Those two sums. */
export function halvesOf(values: readonly number[]): [number, number] {
  const sum = (part: readonly number[]) => part.reduce((a, b) => a + b, 0);
  return [sum(values.slice(0, 4)), sum(values.slice(4))];
}
