/** What every attack owes, whatever it does: one table over the registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { row } from '../../src/arrays.ts';
import {
  ATTACKS,
  type Attack,
  type Goal,
  isWithin,
  type Norm,
  planAttack,
  runAttack,
} from '../../src/attacks/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import { examplesFor, linearClassifier, pick, randomAffine, smallNetwork } from './models.ts';

/** One line per attack: a short run, and the share of 24 easy examples on which it must succeed. */
const CASES: Record<string, { options?: Record<string, number>; breaks: number }> = {
  fgsm: { breaks: 0.6 },
  bim: { breaks: 0.7 },
  pgd: { breaks: 0.7 },
  odi: { options: { restarts: 2 }, breaks: 0.7 },
  'mi-fgsm': { breaks: 0.7 },
  apgd: { options: { steps: 20 }, breaks: 0.7 },
  'apgd-t': { options: { steps: 20 }, breaks: 0.7 },
  deepfool: { breaks: 1 },
  'cw-l2': { options: { steps: 60, searches: 4, learningRate: 0.1, initialC: 0.1 }, breaks: 1 },
  'cw-l0': { options: { steps: 60, rounds: 40, learningRate: 0.2 }, breaks: 1 },
  'cw-linf': { options: { steps: 60, rounds: 6, learningRate: 0.05 }, breaks: 1 },
  ddn: { options: { steps: 40 }, breaks: 1 },
  ead: { options: { steps: 100, searches: 5, initialC: 0.1, stepSize: 0.1 }, breaks: 1 },
  fmn: { options: { steps: 40, stepSize: 0.3 }, breaks: 1 },
  fab: { options: { steps: 15 }, breaks: 1 },
  bb: { options: { steps: 30 }, breaks: 1 },
  'sigma-zero': { options: { steps: 60 }, breaks: 1 },
  jsma: { breaks: 0.5 },
  square: { options: { queries: 300 }, breaks: 0.5 },
  spsa: { options: { steps: 10, samples: 32 }, breaks: 0.5 },
  hopskipjump: { options: { steps: 6, initialQueries: 40 }, breaks: 1 },
  noise: { breaks: 0 },
  transfer: { options: { steps: 10 }, breaks: 0 },
  surrogate: { options: { steps: 10, queries: 3000 }, breaks: 0.5 },
  autoattack: { breaks: 0.7 },
};

const EPS: Record<Norm, number> = { Linf: 0.15, L2: 0.6, L1: 2.5, L0: 8 };
const features = 36;
const model = { ...smallNetwork(features, 5, 11), inputShape: [6, 6, 1] as const };
const source = linearClassifier(randomAffine(features, 5, 12));
const examples = examplesFor(model, 24);
const targets = examples.labels.map((label) => (label + 1) % 5);
const GOALS: Record<Goal['kind'], Goal> = {
  untargeted: { kind: 'untargeted' },
  targeted: { kind: 'targeted', targets },
};

function plan(attack: Attack, norm: Norm, eps = EPS[norm]) {
  return planAttack(attack, { norm, eps, options: CASES[attack.name].options ?? {} });
}

function successes(images: Float32Array, goal: Goal): number {
  const logits = tf.tidy(() => model.logits(tf.tensor4d(images, [24, 6, 6, 1])).arraySync());
  return logits.filter((z, i) => {
    const winner = z.indexOf(Math.max(...z));
    return goal.kind === 'targeted' ? winner === goal.targets[i] : winner !== examples.labels[i];
  }).length;
}

test('every attack has its line here', () => {
  assert.deepEqual(
    ATTACKS.map(({ name }) => name),
    Object.keys(CASES),
  );
});

for (const attack of ATTACKS) {
  for (const norm of attack.norms) {
    test(`${attack.name} in ${norm}: legal, effective, repeatable, tidy`, async () => {
      const planned = plan(attack, norm);
      for (const kind of attack.goals) {
        const goal = GOALS[kind];
        const before = { images: examples.images.slice(), tensors: tf.memory().numTensors };
        const run = await runAttack(planned, model, examples, goal, source);
        const { images, forwards, backwards, queries } = run;
        const most = attack.expectedPasses(planned.options, 5, planned.threat);
        assert.ok(forwards <= 24 * most, `${forwards / 24} passes per image, at most ${most}`);
        assert.deepEqual(examples.images, before.images, 'the examples are not written to');
        assert.equal(tf.memory().numTensors, before.tensors, 'no tensor is left behind');
        for (let i = 0; i < 24; i++) {
          const original = row(examples.images, i, features);
          assert.ok(isWithin(planned.threat, original, row(images, i, features)), `${kind} ${i}`);
        }
        if (['scores', 'decision'].includes(attack.access)) {
          assert.equal(backwards, 0);
          assert.equal(
            queries?.reduce((a, b) => a + b),
            forwards,
            'every query is about one example',
          );
        } else assert.equal(queries !== undefined, attack.access === 'surrogate');
        assert.ok(forwards > 0);
        if (kind === 'untargeted') {
          const share = successes(images, goal) / 24;
          assert.ok(share >= CASES[attack.name].breaks, `${share} of the examples are adversarial`);
        }
        const again = await runAttack(planned, model, examples, goal, source);
        assert.deepEqual(again.images, images, 'the same twice');
      }
    });

    test(`${attack.name} in ${norm}: neither batch size nor order changes an example`, async () => {
      const planned = plan(attack, norm);
      const whole = (await runAttack(planned, model, examples, GOALS.untargeted, source)).images;
      const check = async (rows: number[]) => {
        const part = (
          await runAttack(planned, model, pick(examples, rows), GOALS.untargeted, source)
        ).images;
        rows.forEach((example, i) => {
          const [alone, among] = [row(part, i, features), row(whole, example, features)];
          assert.deepEqual(alone, among, `example ${example}`);
        });
      };
      await check([5]);
      await check([20, 3, 7, 11, 0, 23, 1]);
    });

    test(`${attack.name} in ${norm}: eps = 0 is the identity`, async () => {
      if (attack.budget === 'minimal') return;
      const { images } = await runAttack(
        plan(attack, norm, 0),
        model,
        examples,
        GOALS.untargeted,
        source,
      );
      assert.deepEqual(images, examples.images);
    });
  }
}

/** A model whose answer does not depend on the image: logits far apart and gradients of zero. */
const constant: Classifier = {
  ...model,
  name: 'constant',
  logits: (images) => tf.add(tf.mul(model.logits(images), 0), [3, 1, 0, 2, -1]) as Logits,
};

for (const attack of ATTACKS) {
  for (const norm of attack.norms) {
    test(`${attack.name} in ${norm}: a gradient of zero gives a legal image, not an error`, async () => {
      const few = { ...pick(examples, [0, 1]), labels: new Int32Array(2) };
      for (const loss of attack.losses.length > 0 ? attack.losses : [undefined]) {
        const planned = planAttack(attack, {
          norm,
          eps: EPS[norm],
          loss,
          options: CASES[attack.name].options ?? {},
        });
        const { images } = await runAttack(planned, constant, few, GOALS.untargeted, constant);
        for (let i = 0; i < 2; i++) {
          const [original, image] = [row(few.images, i, features), row(images, i, features)];
          assert.ok(isWithin(planned.threat, original, image), `${loss} ${i}`);
        }
      }
    });
  }

  test(`${attack.name}: 0 is refused where it makes no sense, and the message says what is right`, () => {
    for (const [name, { above, max }] of Object.entries(attack.options)) {
      if (above === undefined) continue;
      const choose = (value: number) =>
        planAttack(attack, { eps: 0.1, options: { [name]: value } });
      const range = `above ${above}${max === undefined ? '' : `, at most ${max}`}, not ${above}`;
      const expected = new RegExp(`^${attack.name}: ${name} is a number ${range}$`);
      assert.throws(() => choose(above), { message: expected });
      assert.equal(choose(above + 0.01).options[name], above + 0.01);
    }
  });
}

for (const attack of ATTACKS.filter(({ budget }) => budget === 'minimal')) {
  test(`${attack.name}: an image that is already wrong comes back unchanged, after one pass`, async () => {
    const wrong = { ...examples, labels: targets };
    for (const norm of attack.norms) {
      const { images, forwards, backwards } = await runAttack(plan(attack, norm), model, wrong);
      assert.deepEqual(images, examples.images);
      assert.deepEqual([forwards, backwards], [24, 0], norm);
    }
  });
}
