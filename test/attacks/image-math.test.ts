/** Images on the engine's device move as images in arrays do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../../src/arrays.ts';
import { ArrayMath, type ImageMath, type RowChange } from '../../src/attacks/image-math.ts';
import { attackNamed, planAttack, runAttack } from '../../src/attacks/index.ts';
import { Oracle } from '../../src/attacks/oracle.ts';
import { distance, isWithin } from '../../src/attacks/threat.ts';
import type { Norm, Threat } from '../../src/attacks/types.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { RunError } from '../../src/errors.ts';
import type { Logits } from '../../src/models/index.ts';
import { examplesFor, smallNetwork } from './models.ts';

const features = 25;
const count = 8;
const model = smallNetwork(features, 6, 31);
const stream = new RandomStream(7, 'test/image-math');

const draw = (scale: number, offset = 0) =>
  Float32Array.from({ length: count * features }, () => offset + scale * stream.normal());
const pixels = () => draw(0.5, 0.5).map((value) => Math.min(1, Math.max(0, value)));
/** Of sizes from those that underflow when squared to large ones; the second image has none. */
const slopes = () =>
  draw(1).map(
    (value, i) =>
      value * 10 ** (4 * Math.floor(i / features) - 24) * Number(i < features || i >= 2 * features),
  );

function assertClose(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) <= 1e-6, `${what}, ${i}: ${value}, not ${expected[i]}`);
  });
}

/** The same work on arrays and on tensors ends at the same images; tensors are freed. */
async function compare(
  what: string,
  work: <Images>(
    math: ImageMath<Images>,
    from: (values: Float32Array) => Images,
  ) => Promise<Images>,
): Promise<Float32Array> {
  const oracle = new Oracle(model);
  const onArrays = await work(new ArrayMath(oracle), (values) => values.slice());
  const before = tf.memory().numTensors;
  const math = oracle.tensorMath();
  const given: tf.Tensor4D[] = [];
  const from = (values: Float32Array) => {
    given.push(math.from(values.slice()));
    return given[given.length - 1];
  };
  const onTensors = await work(math, from);
  assertClose(await math.values(onTensors, range(onTensors.shape[0])), onArrays, what);
  math.free(onTensors, ...given);
  assert.equal(tf.memory().numTensors, before, `${what}: tensors are left`);
  return onArrays;
}

const NORMS: readonly Norm[] = ['Linf', 'L2', 'L1'];
const THREATS: Readonly<Record<string, Threat>> = Object.fromEntries(
  NORMS.flatMap((norm) => [0, 0.1, 0.7].map((eps) => [`${norm} ${eps}`, { norm, eps }])),
);

describe('images on the device', () => {
  for (const [name, threat] of Object.entries(THREATS)) {
    it(`take the steps of arrays, in ${name}`, async () => {
      const [images, originals, gradient] = [pixels(), pixels(), slopes()];
      const sizes = range(count).map((i) => 0.05 * i);
      const moved = await compare('step', (math, from) =>
        math.step(from(images), {
          threat,
          originals: from(originals),
          directions: from(gradient),
          sizes,
          sparsity: 0.2,
        }),
      );
      assert.ok(distance('L2', moved, images) > 0);
      for (const i of range(count)) {
        const own = [originals, moved].map((all) => all.slice(i * features, (i + 1) * features));
        assert.ok(isWithin(threat, own[0], own[1]), `image ${i}`);
      }
    });

    if (threat.norm === 'L1') continue;
    it(`take momentum along, in ${name}`, async () => {
      const [images, originals, starts, previous] = [pixels(), pixels(), pixels(), pixels()];
      await compare('momentum', async (math, from) =>
        math.addMomentum(from(images), {
          threat,
          originals: from(originals),
          starts: from(starts),
          previous: from(previous),
          weight: 0.75,
        }),
      );
    });
  }

  it('add up gradients of length 1 in L1', async () => {
    const [velocity, gradient] = [draw(1), slopes()];
    await compare('accumulate', async (math, from) =>
      math.accumulate(from(velocity), 0.9, from(gradient)),
    );
  });

  it('are kept, replaced and changed row by row', async () => {
    const [images, others] = [pixels(), pixels()];
    const rows = [6, 1, 3];
    const found = await compare('rows', async (math, from) => {
      const mixed = math.keep(math.replace(from(images), [1, 2], from(others)), rows);
      const given = math.keep(from(others), [0, 4, 5]);
      const change: RowChange = (i, image, [other]) => {
        image[i] = other[0];
      };
      const changed = await math.changeRows(mixed, change, given);
      math.free(given);
      return changed;
    });
    const rowOf = (all: Float32Array, i: number) => all.slice(i * features, (i + 1) * features);
    const expected = [rowOf(images, 6), rowOf(others, 1), rowOf(images, 3)];
    [0, 4, 5].forEach((other, i) => {
      expected[i][i] = rowOf(others, other)[0];
    });
    assertClose(found, Float32Array.from(expected.flatMap((each) => [...each])), 'rows');
  });
});

/** An oracle whose images are tensors, whatever the engine. */
class TensorOracle extends Oracle {
  override withImages<Result>(body: <Images>(math: ImageMath<Images>) => Result): Result {
    return body(this.tensorMath());
  }
}

describe('attacks whose images stay on the device', () => {
  const examples = examplesFor(model, 40);
  const cases = [
    ...['bim', 'mi-fgsm'].flatMap((name) => [{ name, norm: 'Linf' as const, eps: 0.05 }]),
    ...NORMS.flatMap((norm) =>
      ['pgd', 'apgd', 'apgd-t'].map((name) => ({
        name,
        norm,
        eps: { Linf: 0.05, L2: 0.25, L1: 1, L0: 0 }[norm],
      })),
    ),
  ];
  for (const { name, norm, eps } of cases) {
    it(`${name} in ${norm} finds what it finds on arrays, with as many passes`, async () => {
      const attack = attackNamed(name);
      const plan = planAttack(attack, { norm, eps, options: { steps: 12 } });
      const expected = await runAttack(plan, model, examples);
      const before = tf.memory().numTensors;
      const oracle = new TensorOracle(model);
      const images = await attack.run({
        oracle,
        batch: { ...examples, labels: Int32Array.from(examples.labels) },
        goal: { kind: 'untargeted' },
        threat: { norm, eps },
        loss: plan.loss ?? attack.losses[0],
        options: plan.options,
      });
      assert.equal(tf.memory().numTensors, before, 'tensors are left');
      assert.equal(oracle.cost.forwards, expected.forwards);
      assert.equal(oracle.cost.backwards, expected.backwards);
      images.forEach((value, i) => {
        assert.ok(Math.abs(value - expected.images[i]) < 1e-4, `pixel ${i}`);
      });
    });
  }

  it('end where a gradient is not finite', async () => {
    const steep = {
      ...model,
      // Finite itself, with a slope of infinity where the image is black.
      logits: (images: tf.Tensor4D) =>
        tf.add(model.logits(images), tf.sum(tf.sqrt(tf.mul(images, 0)))) as Logits,
    };
    const runs = NORMS.flatMap((norm) => ['pgd', 'apgd'].map((name) => ({ name, norm })));
    for (const { name, norm } of runs) {
      const attack = attackNamed(name);
      const threat = { norm, eps: 0.1 };
      const input = {
        batch: examples,
        goal: { kind: 'untargeted' as const },
        threat,
        loss: 'margin' as const,
        options: planAttack(attack, { ...threat, options: { steps: 3 } }).options,
      };
      for (const oracle of [new Oracle(steep), new TensorOracle(steep)]) {
        const before = tf.memory().numTensors;
        await assert.rejects(attack.run({ ...input, oracle }), (error: unknown) => {
          assert.ok(error instanceof RunError);
          assert.match(error.message, /input gradients that are not finite/);
          return true;
        });
        assert.equal(tf.memory().numTensors, before, `${name} in ${norm}: tensors are left`);
      }
    }
  });
});
