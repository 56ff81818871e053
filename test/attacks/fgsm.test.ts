import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { attackNamed, LOSSES, planAttack, runAttack } from '../../src/attacks/index.ts';
import { examplesFor, linearClassifier, logitsOf, randomAffine } from './models.ts';

const affine = randomAffine(20, 4, 3, 0.3);
const model = linearClassifier(affine);
const examples = examplesFor(model, 30);

test('fgsm on a linear model moves every pixel by eps along the sign of the weights', async () => {
  const eps = 0.05;
  for (const loss of LOSSES) {
    const plan = planAttack(attackNamed('fgsm'), { norm: 'Linf', eps, loss });
    const { images, forwards, backwards } = await runAttack(plan, model, examples);
    assert.deepEqual([forwards, backwards], [30, 30]);
    for (let i = 0; i < 30; i++) {
      const z = logitsOf(model, examples.images.subarray(i * 20, (i + 1) * 20))[0];
      const y = examples.labels[i];
      const rival = z.indexOf(Math.max(...z.filter((_, j) => j !== y)));
      for (let p = 0; p < 20; p++) {
        const moved = images[i * 20 + p] - examples.images[i * 20 + p];
        assert.ok(Math.abs(Math.abs(moved) - eps) < 1e-6);
        if (loss !== 'margin') continue;
        const slope = affine.weights[p][rival] - affine.weights[p][y];
        assert.equal(Math.sign(moved), Math.sign(slope));
      }
    }
  }
});

test('the margin changes by eps times the dual norm', async () => {
  for (const [norm, dual, eps] of [
    ['Linf', (w: number[]) => w.reduce((a, b) => a + Math.abs(b), 0), 0.1],
    ['L2', (w: number[]) => Math.hypot(...w), 0.3],
    ['L1', (w: number[]) => Math.max(...w.map(Math.abs)), 0.15],
  ] as const) {
    const plan = planAttack(attackNamed('fgsm'), { norm, eps, loss: 'margin' });
    const { images } = await runAttack(plan, model, examples);
    const before = logitsOf(model, examples.images);
    logitsOf(model, images).forEach((z, i) => {
      const y = examples.labels[i];
      const rival = before[i].indexOf(Math.max(...before[i].filter((_, j) => j !== y)));
      const gain = z[rival] - z[y] - (before[i][rival] - before[i][y]);
      const slopes = affine.weights.map((line) => line[rival] - line[y]);
      assert.ok(Math.abs(gain - eps * dual(slopes)) < 1e-4, `${norm}: ${gain}`);
    });
  }
});

test('a targeted step raises the target', async () => {
  const targets = examples.labels.map((label) => (label + 1) % 4);
  const plan = planAttack(attackNamed('fgsm'), { eps: 0.05 });
  const { images } = await runAttack(plan, model, examples, { kind: 'targeted', targets });
  const [before, after] = [logitsOf(model, examples.images), logitsOf(model, images)];
  const lead = (z: number[], t: number) => z[t] - Math.max(...z.filter((_, j) => j !== t));
  for (let i = 0; i < 30; i++) assert.ok(lead(after[i], targets[i]) > lead(before[i], targets[i]));
});

test('no tensors are left behind', async () => {
  const before = tf.memory().numTensors;
  await runAttack(planAttack(attackNamed('fgsm'), { eps: 0.05 }), model, examples);
  assert.equal(tf.memory().numTensors, before);
});
