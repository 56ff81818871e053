import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { attackNamed, planAttack, runAttack } from '../../src/attacks/index.ts';
import { RunError, UserError } from '../../src/errors.ts';
import type { Logits } from '../../src/models/index.ts';
import { examplesFor, linearClassifier, randomAffine } from './models.ts';

const fgsm = attackNamed('fgsm');
const model = linearClassifier(randomAffine(6, 3, 1));
const examples = examplesFor(model, 4);

const says = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.match(`${error.message} | ${error.hint}`, message);
  return true;
};

const refuses = (attempt: () => unknown, message: RegExp): void =>
  assert.throws(attempt, says(message));

const refusesToRun = (run: Promise<unknown>, message: RegExp): Promise<void> =>
  assert.rejects(run, says(message));

test('mistakes are refused in one line that says what would be right', () => {
  refuses(() => attackNamed('fgms'), /no attack named 'fgms'.*fgsm/);
  refuses(() => planAttack(fgsm, { eps: 300 }), /300\/255/);
  refuses(() => planAttack(fgsm, { eps: -0.1 }), /eps/);
  refuses(() => planAttack(fgsm, { eps: Number.NaN }), /eps/);
  refuses(() => planAttack(fgsm, {}), /eps/);
  refuses(() => planAttack(fgsm, { eps: 1, norm: 'L0' }), /Linf, L2, L1, not in L0/);
  refuses(() => planAttack(fgsm, { eps: 0.1, options: { steps: 3 } }), /no option 'steps'/);
});

test('images and labels that do not fit the model are refused', async () => {
  const plan = planAttack(fgsm, { eps: 0.1 });
  const bytes = examples.images.map((value) => 255 * value);
  await refusesToRun(runAttack(plan, model, { ...examples, images: bytes }), /divide bytes by 255/);
  const nan = examples.images.slice().fill(Number.NaN, 3, 4);
  await refusesToRun(runAttack(plan, model, { ...examples, images: nan }), /NaN/);
  const short = examples.images.subarray(1);
  await refusesToRun(runAttack(plan, model, { ...examples, images: short }), /24|6 values/);
  const labels = Int32Array.of(0, 1, 2, 3);
  await refusesToRun(
    runAttack(plan, model, { ...examples, labels }),
    /labels go from 0 to 2, found 3/,
  );
  const targets = Int32Array.of(0);
  await refusesToRun(runAttack(plan, model, examples, { kind: 'targeted', targets }), /4 targets/);
});

test('a model that gives NaN stops the attack', async () => {
  const broken = {
    ...model,
    logits: (images: tf.Tensor4D) => tf.mul(model.logits(images), Number.NaN) as Logits,
  };
  await assert.rejects(runAttack(planAttack(fgsm, { eps: 0.1 }), broken, examples), RunError);
});

test('eps = 0 is the identity and costs nothing', async () => {
  const result = await runAttack(planAttack(fgsm, { eps: 0 }), model, examples);
  assert.deepEqual(result.images, examples.images);
  assert.equal(result.forwards, 0);
});
