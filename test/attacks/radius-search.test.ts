/** On a linear model of two classes the smallest budget is known: the margin over the dual norm. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { range, row } from '../../src/arrays.ts';
import { Oracle } from '../../src/attacks/index.ts';
import { RadiusSearch } from '../../src/attacks/radius-search.ts';
import { distance, isWithin } from '../../src/attacks/threat.ts';
import type { AttackBatch, Norm, Threat } from '../../src/attacks/types.ts';
import { RandomStream } from '../../src/engine/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import { linearClassifier, logitsOf, pick, randomAffine } from './models.ts';

const FEATURES = 36;
const COUNT = 6;
const random = randomAffine(FEATURES, 2, 3);
const difference = random.weights.map(([first, second]) => second - first);
/** Gray is on the boundary, so that white or black is of another class than an image. */
const affine = {
  ...random,
  bias: [0, Math.fround(-0.5 * difference.reduce((sum, slope) => sum + slope))],
};
const model: Classifier = { ...linearClassifier(affine), inputShape: [6, 6, 1] };

/** Images in the middle of the pixel range, so that no smallest perturbation meets its ends. */
const images = Float32Array.from(
  { length: COUNT * FEATURES },
  (_, i) => 0.4 + (0.2 * ((i * 37) % 101)) / 101,
);
const labels = Int32Array.from(logitsOf(model, images), ([first, second]) =>
  first > second ? 0 : 1,
);
const batch: AttackBatch = {
  images,
  labels,
  streams: range(COUNT).map((i) => new RandomStream(9, `radius/${i}`)),
};

/** The smallest perturbation of an example in a norm, pixel range apart. */
function smallest(norm: Norm, example: number): number {
  const [first, second] = logitsOf(model, row(images, example, FEATURES))[0];
  const sizes = difference.map(Math.abs);
  const margin = Math.abs(first - second);
  if (norm === 'Linf') return margin / sizes.reduce((a, b) => a + b);
  if (norm === 'L2') return margin / Math.hypot(...sizes);
  return margin / Math.max(...sizes);
}

/** A ray of which four signs in five are right, at five times the smallest perturbation. */
function roughStart(norm: Norm, example: number) {
  const stream = new RandomStream(4, `rough/${example}`);
  const toward = labels[example] === 0 ? 1 : -1;
  const ray = Float32Array.from(difference, (slope) => {
    const sign = stream.uniform() < 0.8 ? toward : -toward;
    return 10 * sign * (norm === 'Linf' ? Math.sign(slope) : slope);
  });
  return { example: 0, ray, radius: 5 * smallest(norm, example) };
}

/** What is found within `factor` times the smallest perturbation, with so many queries. */
function found(norm: Norm, factor: number, queries: number, target: Classifier = model) {
  const results = range(COUNT).map(async (example) => {
    const threat: Threat = { norm, eps: factor * smallest(norm, example) };
    const search = new RadiusSearch(
      new Oracle(target),
      pick(batch, [example]),
      { kind: 'untargeted' },
      threat,
    );
    await search.begin([roughStart(norm, example)]);
    assert.ok(search.knows(0));
    const reached = await search.run([0], queries);
    const point = search.best(0) ?? new Float32Array(0);
    assert.ok(isWithin(threat, row(images, example, FEATURES), point));
    return { isFound: reached.length === 1, point };
  });
  return Promise.all(results);
}

describe('the radius search', () => {
  it('comes near the closed form in Linf and L2, and says so', async () => {
    for (const [norm, factor] of [
      ['Linf', 1.05],
      ['L2', 1.3],
    ] as const) {
      for (const [example, { isFound, point }] of (await found(norm, factor, 3000)).entries()) {
        assert.ok(isFound, `${norm} ${example}`);
        const [first, second] = logitsOf(model, point)[0];
        assert.equal(first > second ? 0 : 1, 1 - labels[example]);
      }
    }
  });

  it('never reports what the closed form excludes', async () => {
    for (const norm of ['Linf', 'L2'] as const) {
      for (const { isFound } of await found(norm, 0.98, 500)) assert.equal(isFound, false, norm);
    }
  });

  it('goes by decisions alone: scores that mislead change nothing', async () => {
    const misleading: Classifier = {
      ...model,
      logits: (input) =>
        tf.tidy(() => {
          const logits = model.logits(input);
          const answer = tf.greaterEqual(logits, tf.max(logits, 1, true));
          return tf.sub(tf.cast(answer, 'float32'), tf.tanh(tf.mul(logits, 0.01))) as Logits;
        }),
    };
    const honest = await found('Linf', 1.2, 300);
    assert.deepEqual(await found('Linf', 1.2, 300, misleading), honest);
  });

  it('makes at most as many queries as it is allowed', async () => {
    const oracle = new Oracle(model);
    const search = new RadiusSearch(
      oracle,
      batch,
      { kind: 'untargeted' },
      { norm: 'Linf', eps: 1e-4 },
    );
    const all = range(COUNT);
    await search.beginAnywhere(all);
    assert.ok(
      all.every((example) => search.knows(example)),
      'white, black or inverted is of the other class',
    );
    const before = oracle.cost.forwards;
    assert.ok(before <= 3 * COUNT);
    await search.run(all, 50);
    const asked = oracle.cost.forwards - before;
    assert.ok(asked >= 10 * COUNT && asked <= 50 * COUNT, `${asked}`);
    assert.equal(oracle.cost.backwards, 0);
  });

  it('gives up what is too far away for the queries left', async () => {
    const near = new Oracle(model);
    const far = new Oracle(model);
    for (const [oracle, factor] of [
      [near, 0.95],
      [far, 0.2],
    ] as const) {
      const threat: Threat = { norm: 'Linf', eps: factor * smallest('Linf', 0) };
      const search = new RadiusSearch(oracle, pick(batch, [0]), { kind: 'untargeted' }, threat);
      await search.begin([roughStart('Linf', 0)]);
      assert.deepEqual(await search.run([0], 100), []);
    }
    assert.ok(near.cost.forwards > 80, `${near.cost.forwards}`);
    assert.ok(far.cost.forwards < 60, `${far.cost.forwards}`);
  });
});

test('a start that does not reach the goal is not taken, and a nearer one replaces a farther one', async () => {
  const search = new RadiusSearch(
    new Oracle(model),
    pick(batch, [0]),
    { kind: 'untargeted' },
    { norm: 'Linf', eps: 0.01 },
  );
  const sign = labels[0] === 0 ? 1 : -1;
  const toward = Float32Array.from(difference, (slope) => sign * Math.sign(slope));
  const radius = smallest('Linf', 0);
  await search.begin([{ example: 0, ray: toward.map((value) => -value), radius: 0.3 }]);
  assert.equal(search.knows(0), false);
  await search.begin([{ example: 0, ray: toward, radius: 0.9 * radius }]);
  assert.equal(search.knows(0), false);
  await search.begin([{ example: 0, ray: toward, radius: 1.5 * radius }]);
  await search.begin([{ example: 0, ray: toward, radius: 1.1 * radius }]);
  await search.begin([{ example: 0, ray: toward.map(() => 1), radius: 1.2 * radius }]);
  const point = search.best(0) ?? new Float32Array(0);
  const image = row(images, 0, FEATURES);
  assert.ok(Math.abs(distance('Linf', image, point) - 0.01) < 1e-6);
  assert.deepEqual(
    Array.from(point, (value, i) => Math.sign(Math.round((value - image[i]) * 1e6))),
    Array.from(toward),
  );
});
