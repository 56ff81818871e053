import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream } from '../../src/engine/index.ts';
import { startEngine } from '../../src/library/index.ts';
import { buildNetwork, initialWeights, type Logits, Model } from '../../src/models/index.ts';
import { crossEntropy } from '../../src/training/index.ts';
import { consistencyLoss, smoothedPhase } from '../../src/training/smoothed.ts';

before(() => startEngine('wasm'));

const SIGMA = 0.5;
const images = Float32Array.from({ length: 20 * 784 }, (_, i) => (i % 7) / 6);
const labels = Int32Array.from({ length: 20 }, (_, i) => i % 10);

async function perturbed(loss: 'gaussian' | 'smoothadv', progress: number) {
  const network = buildNetwork('dense', [28, 28, 1], 10);
  const model = new Model(network, initialWeights(network, 1, new RandomStream(2, 'smoothed')), 1);
  const { perturb } = smoothedPhase({ sigma: SIGMA, loss });
  assert.ok(perturb);
  const stream = new RandomStream(3, 'step');
  const targets = new Float32Array(200);
  const found = await perturb({ model, images, labels, targets, progress, stream });
  const lossOf = (values: Float32Array) =>
    tf.tidy(() => {
      const logits = model.logits(tf.tensor4d(values, [20, 28, 28, 1]));
      const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), 10) as tf.Tensor2D;
      return crossEntropy(logits, targets, 1).dataSync()[0];
    });
  const value = lossOf(found);
  model.dispose();
  return { found, value };
}

describe('training for smoothing', () => {
  it('adds noise of the right size, without clipping', async () => {
    const { found } = await perturbed('gaussian', 0.5);
    const noise = found.map((value, i) => value - images[i]);
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const square = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    assert.ok(Math.abs(mean) < 0.02 && Math.abs(Math.sqrt(square) - SIGMA) < 0.02);
    assert.ok(found.some((value) => value < -0.5) && found.some((value) => value > 1.5));
  });

  it('attacks beneath the noise, within the ball that has grown so far', async () => {
    const plain = await perturbed('smoothadv', 0);
    assert.deepEqual(plain.found, (await perturbed('gaussian', 0)).found, 'no budget at the start');
    for (const [progress, eps] of [
      [0.15, 0.5],
      [1, 1],
    ]) {
      const { found, value } = await perturbed('smoothadv', progress);
      assert.ok(value > plain.value, `${value} ${plain.value}`);
      for (const i of labels.keys()) {
        const at = (values: Float32Array) => values.subarray(i * 784, (i + 1) * 784);
        const start = at(plain.found);
        const moved = Math.hypot(...at(found).map((pixel, p) => pixel - start[p]));
        assert.ok(moved <= eps + 1e-3 && moved > 0.3 * eps, `${moved} within ${eps}`);
      }
    }
  });

  it('agrees with the definition of Consistency', () => {
    const [a, b] = [
      [2, 0, -1],
      [0.5, 1, 0],
    ];
    const probabilities = (z: number[]) => {
      const sum = z.reduce((total, one) => total + Math.exp(one), 0);
      return z.map((one) => Math.exp(one) / sum);
    };
    const [p, q] = [probabilities(a), probabilities(b)];
    const mean = p.map((one, i) => (one + q[i]) / 2);
    const divergence = (from: number[]) =>
      mean.reduce((sum, m, i) => sum + m * Math.log(m / from[i]), 0);
    const entropy = -mean.reduce((sum, m) => sum + m * Math.log(m), 0);
    const expected =
      -(Math.log(p[1]) + Math.log(q[1])) / 2 +
      (10 * (divergence(p) + divergence(q))) / 2 +
      0.5 * entropy;
    const value = tf.tidy(() => {
      const draws = [a, b].map((z) => tf.tensor2d([z]) as Logits);
      return consistencyLoss(draws, tf.tensor2d([[0, 1, 0]])).dataSync()[0];
    });
    assert.ok(Math.abs(value - expected) < 1e-5, `${value} ${expected}`);
  });

  it('is repeatable', async () => {
    const { found } = await perturbed('smoothadv', 1);
    assert.deepEqual((await perturbed('smoothadv', 1)).found, found);
  });
});
