/** What must not change a robust accuracy, and what may only lower it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { attackNamed, type LossName, planAttack, runAttack } from '../../src/attacks/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import { examplesFor, logitsOf, rescaled, smallNetwork } from './models.ts';

const features = 25;
const classes = 6;
const model = smallNetwork(features, classes, 31);
const examples = examplesFor(model, 60);

/** Which examples stay correct, one truth value each. */
async function stayCorrect(
  name: string,
  choices: { eps: number; loss?: LossName; options?: Record<string, number> },
  target: Classifier = model,
  labels: Int32Array = examples.labels,
): Promise<boolean[]> {
  const plan = planAttack(attackNamed(name), choices);
  const { images } = await runAttack(plan, target, { ...examples, labels });
  return logitsOf(target, images).map((z, i) => z.indexOf(Math.max(...z)) === labels[i]);
}

const count = (values: readonly boolean[]) => values.filter(Boolean).length;

test('scaling and shifting the logits changes nothing for margin, dlr and temperature', async () => {
  const distilled = rescaled(model, 40, 100);
  for (const name of ['fgsm', 'pgd', 'apgd']) {
    for (const loss of ['margin', 'dlr', 'temperature'] as const) {
      const eps = name === 'fgsm' ? 0.05 : 0.03;
      const plain = count(await stayCorrect(name, { eps, loss }, model));
      const scaled = count(await stayCorrect(name, { eps, loss }, distilled));
      assert.ok(
        Math.abs(plain - scaled) <= 1,
        `${name} ${loss}: ${plain} and ${scaled} stay correct`,
      );
    }
  }
});

test('scaling the logits makes softmax and logits collapse', async () => {
  const distilled = rescaled(model, 200);
  for (const loss of ['softmax', 'logits'] as const) {
    const honest = count(await stayCorrect('pgd', { eps: 0.1, loss: 'margin' }, distilled));
    const naive = count(await stayCorrect('bim', { eps: 0.1, loss }, distilled));
    assert.ok(naive > honest + 20, `${loss}: ${naive} stand under BIM, ${honest} really do`);
  }
});

test('a larger budget, more steps and more restarts never help robust accuracy by much', async () => {
  const never = async (pending: Promise<number>[], slack: number) => {
    const figures = await Promise.all(pending);
    for (let i = 1; i < figures.length; i++) {
      assert.ok(figures[i] <= figures[i - 1] + slack, figures.join(', '));
    }
  };
  await never(
    [0.01, 0.02, 0.04, 0.08, 0.16].map(async (eps) => count(await stayCorrect('pgd', { eps }))),
    0,
  );
  const stepped = async (steps: number) =>
    count(await stayCorrect('pgd', { eps: 0.03, options: { steps, stepSize: 0.004 } }));
  await never([5, 10, 20, 40].map(stepped), 0);
  const restarted = async (restarts: number) =>
    count(await stayCorrect('pgd', { eps: 0.03, options: { steps: 5, restarts } }));
  await never([1, 2, 4, 8].map(restarted), 0);
  assert.ok(
    count(await stayCorrect('pgd', { eps: 0.03 })) <=
      count(await stayCorrect('fgsm', { eps: 0.03 })),
  );
});

test('which number a class has is of no importance', async () => {
  const order = [3, 5, 0, 1, 4, 2]; // new class k is old class order[k]
  const permuted: Classifier = {
    ...model,
    logits: (images) => tf.gather(model.logits(images), order, 1) as Logits,
  };
  const labels = examples.labels.map((label) => order.indexOf(label));
  for (const name of ['fgsm', 'bim', 'pgd', 'apgd', 'square']) {
    const options: Record<string, number> = name === 'square' ? { queries: 100 } : {};
    assert.deepEqual(
      await stayCorrect(name, { eps: 0.04, options }, permuted, labels),
      await stayCorrect(name, { eps: 0.04, options }),
      name,
    );
  }
});
