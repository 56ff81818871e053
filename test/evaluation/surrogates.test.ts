/** Surrogates are trained once a model, disposed at the end, and their cost is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import {
  type EvaluationPlan,
  evaluate,
  evaluationDigest,
  joinRecords,
  type SurrogateTrainer,
} from '../../src/evaluation/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const dataset = await datasetFor(model, 30);
const STEPS = 7;

/** A trainer that asks the model about every attacked image once, and returns a network like it. */
function trainer() {
  const log: string[] = [];
  const surrogates: SurrogateTrainer = {
    digest: 'training images',
    async train(own, { attacked, reach, steps, seed, onStep }) {
      log.push(`train ${own.name} ${reach} ${steps} ${seed}`);
      for (let step = 0; step < steps; step++) onStep?.();
      const [height, width, channels] = own.inputShape;
      const images = [attacked.length / 25, height, width, channels] as const;
      tf.tidy(() => own.logits(tf.tensor4d(attacked, [...images])));
      return { classifier: model, dispose: () => log.push(`dispose ${own.name}`) };
    },
  };
  return { log, surrogates };
}

const attackAt = (eps: number, options: Record<string, number> = {}) => ({
  plan: planAttack(attackNamed('surrogate'), {
    norm: 'Linf',
    eps,
    options: { trainingSteps: STEPS, queries: 5, ...options },
  }),
});

function planOf(surrogates: SurrogateTrainer | undefined, samples = 20): EvaluationPlan {
  return {
    models: [
      { classifier: model, folder: 'models/model', digest: 'a' },
      { classifier: { ...rescaled(model, 200), name: 'cold' }, folder: 'models/cold', digest: 'b' },
    ],
    dataset,
    samples,
    attacks: [attackAt(0.1), attackAt(0.3)],
    seed: 3,
    ...(surrogates && { surrogates }),
  };
}

test('one surrogate a model serves all budgets, is counted in each attack, and is disposed', async () => {
  const { log, surrogates } = trainer();
  const seen = new Set<string>();
  let [done, total] = [0, 0];
  const onProgress = (what: string, now: number, all: number) => {
    seen.add(what);
    assert.ok(now >= done && now <= all, `${what}: ${now} of ${all}`);
    [done, total] = [now, all];
  };
  const record = await evaluate({ ...planOf(surrogates), onProgress }, provenance);
  assert.deepEqual(log, [
    'train small 0.35 7 3',
    'train cold 0.35 7 3',
    'dispose small',
    'dispose cold',
  ]);
  assert.ok(seen.has('small: training a surrogate'));
  assert.equal(done, total);
  for (const { forwards, robust } of record.attacks) {
    assert.ok(forwards > 20, 'one pass of every image in training, and the attack');
    assert.ok(robust.total === 20);
  }
});

test('what is evaluated besides changes nothing', async () => {
  const both = await evaluate(planOf(trainer().surrogates), provenance);
  const alone = await evaluate(
    { ...planOf(trainer().surrogates), attacks: [attackAt(0.1)] },
    provenance,
  );
  for (const attack of alone.attacks) {
    const among = both.attacks.find(({ model, eps }) => model === attack.model && eps === 0.1);
    assert.deepEqual({ ...among, seconds: 0 }, { ...attack, seconds: 0 });
  }
});

test('a larger budget or another length of training has a surrogate of its own', async () => {
  const { log, surrogates } = trainer();
  const attacks = [attackAt(0.1), attackAt(0.5), attackAt(0.1, { trainingSteps: 9 })];
  await evaluate({ ...planOf(surrogates), attacks }, provenance);
  assert.deepEqual(
    log.filter((line) => line.startsWith('train small')),
    ['train small 0.35 7 3', 'train small 0.5 7 3', 'train small 0.35 9 3'],
  );
});

test('a failing trainer leaves no surrogate behind', async () => {
  const { log, surrogates } = trainer();
  const failing: SurrogateTrainer = {
    ...surrogates,
    train: (own, request) =>
      own.name === 'cold' ? Promise.reject(new Error('no')) : surrogates.train(own, request),
  };
  await assert.rejects(evaluate(planOf(failing), provenance), /no/);
  assert.equal(log.at(-1), 'dispose small');
});

test('a plan that needs a surrogate and cannot train one is refused before anything is measured', async () => {
  const onProgress = () => assert.fail('measured');
  await assert.rejects(evaluate({ ...planOf(undefined), onProgress }, provenance), {
    code: 'no-surrogate',
  });
});

test('the digest covers the training images where a surrogate is needed', () => {
  const plan = planOf(trainer().surrogates);
  const other = { ...plan, surrogates: { ...trainer().surrogates, digest: 'other images' } };
  assert.notEqual(evaluationDigest(plan), evaluationDigest(other));
  const without = { attacks: [] };
  assert.equal(
    evaluationDigest({ ...plan, ...without }),
    evaluationDigest({ ...other, ...without }),
  );
});

test('records of fewer and of more images are joined: the surrogate on more images stays', async () => {
  const few = await evaluate(planOf(trainer().surrogates, 10), provenance);
  const many = await evaluate(planOf(trainer().surrogates, 20), provenance);
  const changed = {
    ...few,
    attacks: few.attacks.map((one) => ({ ...one, predicted: one.predicted.map(() => 0) })),
  };
  const joined = joinRecords([changed, many]);
  assert.ok(joined.attacks.every(({ success }) => success.length === 20));
});
