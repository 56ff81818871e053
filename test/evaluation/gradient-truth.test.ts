/** Gradients that tell the truth at the scale of a budget, and gradients that do not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Norm } from '../../src/attacks/index.ts';
import type { Dataset } from '../../src/data/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { measureGradientTruth, truthfulShare } from '../../src/evaluation/index.ts';
import {
  buildNetwork,
  type Classifier,
  initialWeights,
  type Logits,
  Model,
} from '../../src/models/index.ts';
import { linearClassifier, randomAffine, rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';

const NORMS: readonly Norm[] = ['Linf', 'L2', 'L1', 'L0'];
const EPS = { Linf: 0.1, L2: 0.5, L1: 1, L0: 3 };
const first = (count: number) => Array.from({ length: count }, (_, i) => i);

const measure = (classifier: Classifier, dataset: Dataset, norms: readonly Norm[] = ['Linf']) =>
  measureGradientTruth(
    classifier,
    dataset,
    first(dataset.count),
    norms.map((norm) => ({ norm, eps: EPS[norm] })),
  );

const small: Classifier = { ...smallNetwork(36, 5, 8), inputShape: [6, 6, 1] };
const dataset = await datasetFor(small, 40);
const behind = (map: (images: tf.Tensor4D) => tf.Tensor): Classifier => ({
  ...small,
  logits: (images) => tf.tidy(() => small.logits(map(images) as tf.Tensor4D)) as Logits,
});
const shareBehind = async (map: (images: tf.Tensor4D) => tf.Tensor) => {
  const [found] = await measure(behind(map), dataset);
  return truthfulShare(found);
};

describe('the gradient of the margin', () => {
  it('predicts a linear model exactly, at every scale and in every norm', async () => {
    // Two classes, so that the margin is linear too.
    const linear = linearClassifier(randomAffine(12, 2, 3));
    for (const { ratios, scales } of await measure(linear, await datasetFor(linear, 30), NORMS)) {
      assert.equal(ratios.length, scales.length);
      for (const [s, ofScale] of ratios.entries()) {
        assert.equal(ofScale.length, 30);
        // Float32 logits: the smaller the step, the coarser their difference.
        const slack = 1e-5 / scales[s];
        for (const ratio of ofScale) {
          assert.ok(ratio !== null && Math.abs(ratio - 1) < slack, `${ratio} at ${scales[s]}`);
        }
      }
    }
  });

  it('is true of networks, whatever multiplies their logits', async () => {
    const network = buildNetwork('cnn', [28, 28, 1], 10);
    const weights = initialWeights(network, 1, new RandomStream(4, 'test/truth'));
    const cnn = new Model(network, weights, 1).classifier('cnn');
    for (const model of [cnn, rescaled(cnn, 100)]) {
      const [found] = await measure(model, await datasetFor(model, 12));
      assert.equal(truthfulShare(found), 1, JSON.stringify(found.ratios));
    }
    assert.equal(await shareBehind((images) => images), 1);
  });

  it('is not true behind steps, soft steps, waves and a slope that leads the wrong way', async () => {
    const steps = (images: tf.Tensor) => tf.div(tf.round(tf.mul(images, 12)), 12);
    assert.equal(await shareBehind(steps), 0, 'steps');
    /** Steps as steep ramps of ReLUs with a faint slope between them. */
    const ramps = (slope: number) => (images: tf.Tensor) => {
      const scaled = tf.mul(images, 12);
      let sum: tf.Tensor = tf.mul(scaled, slope);
      for (let step = 0; step < 12; step++) {
        const rise = tf.sub(
          tf.relu(tf.sub(scaled, step + 0.49)),
          tf.relu(tf.sub(scaled, step + 0.51)),
        );
        sum = tf.add(sum, tf.mul(rise, (1 - slope) / 0.02));
      }
      return tf.div(sum, 12);
    };
    assert.ok((await shareBehind(ramps(0.001))) < 0.5, 'soft steps');
    assert.ok((await shareBehind(ramps(-0.5))) < 0.5, 'slopes that fall');
    const waves = (height: number, frequency: number) => (images: tf.Tensor) =>
      tf.add(images, tf.mul(tf.sin(tf.mul(images, frequency)), height));
    assert.ok((await shareBehind(waves(0.03, 150))) < 0.5, 'waves');
    assert.ok((await shareBehind(waves(0.05, 2000))) < 0.5, 'fast waves');
  });

  it('is measured on at most 200 images, and says nothing of none', async () => {
    const [found] = await measure(small, await datasetFor(small, 230));
    assert.deepEqual(new Set(found.ratios.map(({ length }) => length)), new Set([200]));
    assert.equal(truthfulShare({ ...found, ratios: [] }), 0);
  });
});
