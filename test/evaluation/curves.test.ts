/** What charts draw between budgets: the smallest budget known for each image. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Norm } from '../../src/attacks/index.ts';
import { imagesAsFloats, labelsAt } from '../../src/data/index.ts';
import { measureCurves } from '../../src/evaluation/curves.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import {
  linearClassifier,
  logitsOf,
  randomAffine,
  rescaled,
  smallNetwork,
} from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';

const EPS = 0.4;
const measure = async (classifier: Classifier, count: number, norm: Norm = 'Linf', eps = EPS) => {
  const dataset = await datasetFor(classifier, count);
  const positions = Array.from({ length: count }, (_, i) => i);
  return measureCurves(classifier, dataset, positions, [{ norm, eps }], { seed: 1 });
};
const budgetsOf = async (...args: Parameters<typeof measure>) =>
  Object.fromEntries((await measure(...args)).map(({ attack, budgets }) => [attack, budgets]));

/** Two classes, so that both gradients point straight at the border. */
const affine = randomAffine(12, 2, 3);
const linear = linearClassifier(affine);

describe('a curve', () => {
  it('of a linear model has the distance to its border', async () => {
    const count = 40;
    const { fmn, fgsm } = await budgetsOf(linear, count);
    const dataset = await datasetFor(linear, count);
    const positions = Array.from({ length: count }, (_, i) => i);
    const images = imagesAsFloats(dataset, positions);
    const labels = labelsAt(dataset, positions);
    const [[a0, b0]] = logitsOf(linear, new Float32Array(12));
    const slopes = Array.from({ length: 12 }, (_, pixel) => {
      const [[a, b]] = logitsOf(
        linear,
        Float32Array.from({ length: 12 }, (_, p) => (p === pixel ? 1 : 0)),
      );
      return a - b - (a0 - b0);
    });
    logitsOf(linear, images).forEach(([a, b], i) => {
      const margin = labels[i] === 0 ? a - b : b - a;
      const toward = labels[i] === 0 ? -1 : 1;
      /** What the box leaves of the margin at a budget. */
      const left = (eps: number) =>
        slopes.reduce((rest, slope, p) => {
          const pixel = images[12 * i + p];
          const moved = Math.min(1, Math.max(0, pixel + eps * Math.sign(toward * slope)));
          return rest - Math.abs(slope * (moved - pixel));
        }, margin);
      if (margin < 0) {
        assert.deepEqual([fmn[i], fgsm[i]], [0, 0]);
        return;
      }
      const [far, step] = [fmn[i] ?? Number.POSITIVE_INFINITY, fgsm[i] ?? 2 * EPS];
      if (left(EPS) > 1e-4) assert.equal(fgsm[i], null);
      if (far < EPS) {
        assert.ok(left(far) < 1e-4 && left(far - 0.01) > -1e-4, `image ${i}: ${far}`);
        // A step of the grid is the first that reaches as far.
        assert.ok(step >= far - 0.005 && step <= far + EPS / 20 + 1e-6, `${step} ${far}`);
      }
    });
  });

  it('does not depend on what multiplies the logits, but the naive one does', async () => {
    const small: Classifier = { ...smallNetwork(36, 5, 8), inputShape: [6, 6, 1] };
    const [one, large] = await Promise.all([
      budgetsOf(small, 30),
      budgetsOf({ ...rescaled(small, 5000), name: 'large' }, 30),
    ]);
    const found = (budgets: readonly (number | null)[]) =>
      budgets.filter((budget) => budget !== null && budget < EPS).length;
    assert.ok(found(one.fmn) > 20, `${found(one.fmn)} of 30`);
    assert.ok(Math.abs(found(one.fmn) - found(large.fmn)) <= 1);
    assert.ok(found(large.fgsm) < found(one.fgsm) / 2, 'no gradient is left');
  });

  it('is measured in every norm, on at most 128 images, up to the largest budget', async () => {
    for (const [norm, eps] of [
      ['L2', 1],
      ['L1', 3],
      ['L0', 4],
    ] as const) {
      const curves = await measure(linear, 10, norm, eps);
      assert.deepEqual(
        curves.map((one) => [one.norm, one.attack, one.eps, one.budgets.length]),
        [
          [norm, 'fgsm', eps, 10],
          [norm, 'fmn', eps, 10],
        ],
      );
      for (const budget of curves[0].budgets) assert.ok(budget === null || budget <= eps);
    }
    const [{ budgets }] = await measure(linear, 150);
    assert.equal(budgets.length, 128);
  });

  it('is left out of a model without finite logits', async () => {
    const broken: Classifier = {
      ...linear,
      logits: (images) => tf.mul(linear.logits(images), Number.NaN) as Logits,
    };
    const dataset = await datasetFor(linear, 5);
    const threats = [{ norm: 'Linf' as const, eps: EPS }];
    assert.deepEqual(await measureCurves(broken, dataset, [0, 1], threats, { seed: 1 }), []);
  });
});
