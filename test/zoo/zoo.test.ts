/** The planted defenses are what they claim to be, and the surrogate attack is not fooled by them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { argmax, range, row } from '../../src/arrays.ts';
import {
  type AttackBatch,
  attackNamed,
  Oracle,
  planAttack,
  runAttack,
} from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { trainSurrogate } from '../../src/training/index.ts';
import { baseNetwork } from './base.ts';
import { areRight, boundOf, candidatesAgainst } from './bound.ts';
import { DEFENSES } from './defenses.ts';

const COUNT = 32;
const { classifier: base, data, test } = await baseNetwork();
const features = test.images.length / test.labels.length;
const examples: AttackBatch = {
  images: test.images.subarray(0, COUNT * features),
  labels: test.labels.subarray(0, COUNT),
  streams: range(COUNT).map((i) => new RandomStream(1, `zoo/example/${i}`)),
};
const linf = (eps: number) => ({ norm: 'Linf' as const, eps });

const winners = (logits: Float32Array) =>
  range(logits.length / base.classes).map((i) => argmax(row(logits, i, base.classes)));

describe('the planted defenses', () => {
  it('are at least 24 of at least 10 kinds, each with a name of its own', () => {
    assert.ok(DEFENSES.length >= 24);
    assert.ok(new Set(DEFENSES.map(({ kind }) => kind)).size >= 10);
    assert.equal(new Set(DEFENSES.map(({ name }) => name)).size, DEFENSES.length);
  });

  it('answer as the base network does', async () => {
    const logits = await new Oracle(base).logits(test.images);
    const expected = winners(logits);
    const margins = expected.map((_, i) => {
      const [first, second] = row(logits, i, base.classes).toSorted((a, b) => b - a);
      return first - second;
    });
    for (const { name, kind, acts, plant } of DEFENSES) {
      const found = winners(await new Oracle(plant(base)).logits(test.images));
      // Added to 3e7, ten times a logit is rounded to an even number: by up to 0.1 of a logit.
      const rounding = kind === 'offset' ? 0.2 : 0;
      const other = found.filter((one, i) => one !== expected[i] && margins[i] > rounding).length;
      assert.ok(other <= (acts === 'answers' ? 0 : 0.03 * expected.length), `${name}: ${other}`);
    }
  });

  it('are worth nothing at 0.3 to an attacker who knows them', async () => {
    // Defenses with one open form share the candidates.
    const known = new Map<unknown, Float32Array[]>();
    for (const { name, plant, open } of DEFENSES) {
      const candidates =
        known.get(open) ?? (await candidatesAgainst(open(base), examples, linf(0.3)));
      known.set(open, candidates);
      const bound = await boundOf(plant(base), examples, candidates);
      assert.ok(bound <= 0.05, `${name}: ${bound}`);
    }
  });

  it('hide their gradients from margin PGD', async () => {
    const plan = planAttack(attackNamed('pgd'), { ...linf(0.3), options: { steps: 10 } });
    const fooled: string[] = [];
    for (const { name, plant } of DEFENSES) {
      const planted = plant(base);
      const { images: candidates } = await runAttack(plan, planted, examples);
      const right = await areRight(planted, candidates, examples.labels);
      if (right.filter(Boolean).length > 0.5 * COUNT) fooled.push(name);
    }
    assert.ok(fooled.length >= 10, `${fooled}`);
  });
});

describe('the surrogate attack', () => {
  const plan = planAttack(attackNamed('surrogate'), { ...linf(0.3), options: { queries: 50 } });
  for (const name of ['one-hot', 'reversed-leak-x100', 'falling-ramps-12']) {
    it(`breaks ${name}`, async () => {
      const planted = DEFENSES.find((defense) => defense.name === name)?.plant(base) ?? base;
      const surrogate = await trainSurrogate(planted, {
        data,
        attacked: examples.images,
        reach: 0.35,
        steps: 120,
        seed: 0,
      });
      const result = await runAttack(
        plan,
        planted,
        examples,
        { kind: 'untargeted' },
        surrogate.classifier,
      );
      const left = (await areRight(planted, result.images, examples.labels)).filter(Boolean).length;
      surrogate.dispose();
      assert.ok(left <= 0.15 * COUNT, `${left} of ${COUNT} left`);
    });
  }
});
