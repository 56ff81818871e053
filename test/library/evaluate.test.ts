import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  anyLoss,
  attack,
  attackNamed,
  datasetOf,
  defineAttack,
  type EvaluateOptions,
  evaluate,
  parseRecord,
  planAttack,
  registerAttack,
  registerLoss,
  report,
  requireGates,
  startEngine,
  wrapFunction,
} from '../../src/index.ts';
import { bandModel, bands } from './models.ts';

const test = bands('bands/test', 40);
const train = bands('bands/train', 60);
const plan = (name: string, options: Record<string, number>) =>
  planAttack(attackNamed(name), { eps: 0.2, options });
const options = (): EvaluateOptions => ({
  models: [bandModel('plain'), bandModel('steep', 300)],
  data: { test, train, source: 'bands' },
  attacks: [
    plan('fgsm', {}),
    plan('pgd', { steps: 3 }),
    plan('square', { queries: 20 }),
    plan('surrogate', { trainingSteps: 3, queries: 5 }),
  ],
  samples: 20,
});

let folder = '';
before(async () => {
  await startEngine('auto', 1);
  folder = await mkdtemp(join(tmpdir(), 'distill-library-'));
});
after(() => rm(folder, { recursive: true }));

describe('evaluate', () => {
  it('measures models in memory, and gives a record that reads back', async () => {
    const seen: [string, number, number][] = [];
    const gates = ['plain: accuracy >= 0.9', 'robust accuracy (Linf 0.2) >= 0.999'];
    const record = await evaluate({
      ...options(),
      gates,
      onProgress: (...progress) => seen.push(progress),
    });
    assert.deepEqual(parseRecord(JSON.stringify(record)), record);
    assert.deepEqual(
      record.models.map(({ name, accuracy }) => [name, accuracy.rate]),
      [
        ['plain', 1],
        ['steep', 1],
      ],
    );
    assert.equal(record.configuration.data, 'bands');
    assert.deepEqual(record.command, []);
    assert.ok(record.attacks.some((one) => one.attack === 'surrogate'));
    const [, done, total] = seen.at(-1) ?? [];
    assert.ok(done === total && seen.length > 10, `${done} of ${total}`);
    assert.throws(() => requireGates(record), { code: 'gate' });
    const { files } = await report([record]);
    assert.match(String(files.get('report.md')), /steep/);
  });

  it('runs a preset on two classes, for which dlr is not defined', async () => {
    const halves = datasetOf({
      name: 'halves',
      shape: [2, 2, 1],
      classes: 2,
      images: Uint8Array.from({ length: 32 }, (_, i) => (i % 8 < 4 ? 50 : 200)),
      labels: Uint8Array.from({ length: 8 }, (_, i) => i % 2),
    });
    const model = wrapFunction(
      (images) => tf.reshape(tf.slice(images, [0, 0, 0, 0], [-1, 2, 1, 1]), [-1, 2]),
      { name: 'two', inputShape: [2, 2, 1], classes: 2 },
    );
    const record = await evaluate({
      models: [model],
      data: { test: halves, train: halves },
      eps: [0.1],
      samples: 2,
    });
    assert.equal(record.failures, undefined);
    assert.ok(record.attacks.length > 5);
    assert.ok(record.attacks.every(({ loss }) => loss !== 'dlr'));
  });

  it('says what does not fit', async () => {
    const other = bands('bands/other', 4);
    const wide = { ...other, shape: [9, 16, 1] as const };
    await assert.rejects(evaluate({ ...options(), data: { test: wide } }), {
      code: 'foreign-model',
    });
    await assert.rejects(
      evaluate({ ...options(), models: [bandModel('twin'), bandModel('twin')] }),
      { code: 'same-name' },
    );
    await assert.rejects(evaluate({ ...options(), models: [] }), { code: 'bad-plan' });
    await assert.rejects(evaluate({ ...options(), eps: [0.1] }), {
      code: 'bad-plan',
      message: /^eps is for a preset/,
    });
    await assert.rejects(evaluate({ ...options(), data: { test } }), { code: 'no-surrogate' });
  });

  it('ends with the reason of an aborted signal, frees what it made, and resumes', async () => {
    const stateFile = join(folder, 'state.json');
    const controller = new AbortController();
    const reason = new Error('enough');
    let calls = 0;
    const tensors = tf.memory().numTensors;
    const all = options();
    await assert.rejects(
      evaluate({
        ...all,
        stateFile,
        signal: controller.signal,
        onProgress: (what) => {
          calls++;
          if (what.includes('square')) controller.abort(reason);
        },
      }),
      reason,
    );
    assert.equal(tf.memory().numTensors, tensors);
    assert.ok(existsSync(stateFile), 'what was done is kept');
    const whole = await evaluate(all);
    const resumed = await evaluate({ ...all, stateFile });
    const withoutTimes = (record: typeof whole) =>
      record.attacks.map(({ seconds, ...rest }) => rest);
    assert.deepEqual(withoutTimes(resumed), withoutTimes(whole));
    assert.ok(!existsSync(stateFile));
    assert.ok(calls > 0);
    const aborted = evaluate({ ...all, signal: AbortSignal.abort(reason) });
    await assert.rejects(aborted, reason);
  });
});

describe('attack', () => {
  it('gives candidates in the ball, and whether each succeeded', async () => {
    const seen: number[] = [];
    const outcome = await attack({
      model: bandModel('plain'),
      data: test,
      plan: plan('pgd', { steps: 3 }),
      samples: 10,
      onProgress: (done) => seen.push(done),
    });
    assert.equal(outcome.images.length, 10 * 144);
    assert.deepEqual(outcome.legal, Array(10).fill(true));
    assert.ok(outcome.success.some(Boolean));
    assert.ok(outcome.distance.every((away) => away <= 0.2001));
    assert.deepEqual(seen, [10]);
  });

  it('aims at targets, and says what does not fit', async () => {
    const model = bandModel('plain');
    const targets = Array.from({ length: 5 }, (_, i) => (test.labels[i] + 1) % 3);
    const plan = planAttack(attackNamed('pgd'), { eps: 0.5 });
    const outcome = await attack({ model, data: test, plan, samples: 5, targets });
    assert.deepEqual(outcome.predicted, targets);
    await assert.rejects(attack({ model, data: test, plan, samples: 41 }), { code: 'bad-plan' });
    await assert.rejects(attack({ model, data: test, plan, samples: 4, targets }), {
      code: 'bad-plan',
    });
  });

  it('can be aborted in the middle of a batch', async () => {
    const controller = new AbortController();
    let passes = 0;
    const model = bandModel('plain');
    const counting = {
      ...model,
      logits: (images: tf.Tensor4D) => {
        if (++passes === 3) controller.abort(new Error('third pass'));
        return model.logits(images);
      },
    };
    const plan = planAttack(attackNamed('pgd'), { eps: 0.01, options: { steps: 50 } });
    const run = attack({ model: counting, data: test, plan, signal: controller.signal });
    await assert.rejects(run, /third pass/);
    assert.equal(passes, 3);
  });
});

describe('attacks and losses of one’s own', () => {
  const darken = defineAttack({
    name: 'darken',
    about: 'every pixel darker by eps',
    access: 'decision',
    kind: 'search',
    budget: 'fixed',
    random: false,
    norms: ['Linf'],
    goals: ['untargeted'],
    losses: [],
    options: {},
    expectedPasses: () => 0,
    run: async ({ batch, threat }) => batch.images.map((value) => Math.max(0, value - threat.eps)),
  });
  const trueLogit = {
    name: 'true-logit',
    about: 'the logit of the true class, negated',
    explanation: 'the true class alone, whatever the others do.',
    vanishes: () => false,
    scaleInvariant: true,
    minClasses: () => 2,
    at(logits: Float32Array, { label }: { label: number }, gradient: Float32Array) {
      gradient.fill(0);
      gradient[label] = -1;
      return -logits[label];
    },
  };

  it('take part in an evaluation, its record and its report', async () => {
    registerAttack(darken);
    registerAttack(darken);
    const loss = registerLoss(trueLogit);
    assert.equal(registerLoss(trueLogit), loss);
    const record = await evaluate({
      models: [bandModel('plain')],
      data: { test },
      attacks: [
        planAttack(attackNamed('darken'), { eps: 0.1 }),
        planAttack(attackNamed('pgd'), { eps: 0.5, loss }),
        planAttack(attackNamed('fgsm'), { eps: 0.5, loss }),
      ],
    });
    assert.deepEqual(
      record.attacks.map(({ attack: name, loss: used }) => [name, used]),
      [
        ['darken', null],
        ['pgd', 'true-logit'],
        ['fgsm', 'true-logit'],
      ],
    );
    assert.ok(record.attacks[1].success.some(Boolean), 'the loss leads somewhere');
    assert.deepEqual(parseRecord(JSON.stringify(record)), record);
    const { files } = await report([record]);
    assert.match(String(files.get('report.md')), /darken[\s\S]*true-logit/);
  });

  it('need a name that is free, and an attack that takes every loss', () => {
    assert.throws(() => registerAttack({ ...darken, name: 'pgd' }), { code: 'name-taken' });
    assert.throws(() => registerLoss({ ...trueLogit, name: 'margin' }), { code: 'name-taken' });
    const loss = registerLoss(trueLogit);
    assert.throws(() => planAttack(attackNamed('cw-l2'), { loss }), { code: 'bad-loss' });
    assert.ok(anyLoss('margin').length >= 5);
  });
});
