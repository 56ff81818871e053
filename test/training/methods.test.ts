/** Losses and inner maximizations of robust training against PyTorch (`bench/peers/robust_losses.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { row } from '../../src/arrays.ts';
import { isWithin, lossFor, Oracle } from '../../src/attacks/index.ts';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import {
  type Classifier,
  initialWeights,
  type Logits,
  Model,
  type Network,
} from '../../src/models/index.ts';
import { crossEntropy } from '../../src/training/loss.ts';
import { weightsUphill } from '../../src/training/methods/awp.ts';
import { BALANCE, balanced } from '../../src/training/methods/mtard.ts';
import { methodNamed } from '../../src/training/methods/registry.ts';
import {
  disagreementSlopes,
  divergenceSlope,
  probabilitiesOf,
} from '../../src/training/methods/soft-ascent.ts';
import { DISTILLATION_METHODS, type MethodName } from '../../src/training/settings.ts';

await startEngine('cpu');

interface Case {
  readonly clean: number[][];
  readonly attacked: number[][];
  readonly teacher: number[][];
  readonly labels: number[];
  readonly temperature: number;
  readonly value: number;
  readonly gradients: readonly (number[][] | null)[];
  readonly innerSlope: number[][];
  readonly teacherAttacked: number[][];
  /** Where the inner maximization goes through the teacher too. */
  readonly teacherSlope: number[][] | null;
}

const fixtures: {
  readonly losses: Record<MethodName, Case[]>;
  readonly uphill: {
    readonly images: number[][];
    readonly labels: number[];
    readonly kernel: number[][];
    readonly bias: number[];
    readonly moved: number[][];
    readonly gradients: readonly [number[][], number[]];
  };
  readonly balance: { readonly losses: [number, number][]; readonly weights: number[] };
} = JSON.parse(readFileSync(new URL('robust-losses.json', import.meta.url), 'utf8'));

const flat = (rows: readonly (readonly number[])[]) => Float32Array.from(rows.flat());

function assertClose(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(found.length, wanted.length);
  for (let i = 0; i < found.length; i++) {
    const off = Math.abs(found[i] - wanted[i]);
    assert.ok(off <= 1e-5 * Math.max(1, Math.abs(wanted[i])), `${what} is off by ${off} at ${i}`);
  }
}

/** What a method's steps learn from: a teacher's soft labels, or the labels. */
function targetsOf(name: MethodName, { teacher, labels, temperature }: Case): Float32Array {
  const classes = teacher[0].length;
  if (DISTILLATION_METHODS.some((one) => one === name)) {
    return probabilitiesOf(flat(teacher), classes, temperature);
  }
  const targets = new Float32Array(labels.length * classes);
  for (const [i, label] of labels.entries()) targets[i * classes + label] = 1;
  return targets;
}

for (const [name, list] of Object.entries(fixtures.losses) as [MethodName, Case[]][]) {
  describe(`${name} against PyTorch`, () => {
    for (const one of list) {
      const { temperature } = one;
      const shape: [number, number] = [one.labels.length, one.clean[0].length];

      it(`has the same loss and gradients at T = ${temperature}`, () => {
        const targets = tf.tensor2d(targetsOf(name, one), shape);
        const teacherAnswers = tf.tensor2d(flat(one.teacherAttacked), shape) as Logits;
        const teacher = { logits: () => teacherAnswers } as unknown as Classifier;
        const { objective, weigh } = methodNamed(name).phase({ eps: 0.1, steps: 1 }, teacher);
        const lossOf = (clean: tf.Tensor, attacked: tf.Tensor): tf.Scalar => {
          const logits = attacked as Logits;
          if (!objective) return crossEntropy(logits, targets, temperature);
          const model = { logits: () => clean, temperature, classes: shape[1] };
          const found = objective({
            model: model as unknown as Model,
            logits,
            shown: tf.zeros([shape[0], 1, 1, 1]),
            images: tf.zeros([shape[0], 1, 1, 1]),
            labels: Int32Array.from(one.labels),
            targets,
            temperature,
            progress: 0.5,
            stream: new RandomStream(1, 'step'),
          });
          return weigh
            ? tf.sum(tf.mul(found, tf.tensor1d([...weigh(Float32Array.of(1, 1))])))
            : (found as tf.Scalar);
        };
        const tensors = [one.clean, one.attacked].map((rows) => tf.tensor2d(flat(rows), shape));
        assertClose(lossOf(tensors[0], tensors[1]).dataSync(), [one.value], 'the loss');
        for (const [i, wanted] of one.gradients.entries()) {
          if (wanted === null) continue;
          const found = tf.grad((x) => (i === 0 ? lossOf(x, tensors[1]) : lossOf(tensors[0], x)))(
            tensors[i],
          );
          assertClose(found.dataSync(), flat(wanted), `gradient ${i}`);
        }
      });

      it(`climbs the same slope inside at T = ${temperature}`, () => {
        const logits = flat(one.attacked);
        const slope = new Float32Array(logits.length);
        if (one.teacherSlope) {
          const slopes = disagreementSlopes(logits, flat(one.teacherAttacked), shape[1]);
          assertClose(slopes.teacher, flat(one.teacherSlope), "the teacher's slope");
          slope.set(slopes.student);
        } else if (name === 'trades' || name === 'rslad') {
          const targets =
            name === 'trades'
              ? probabilitiesOf(flat(one.clean), shape[1], temperature)
              : targetsOf(name, one);
          slope.set(divergenceSlope(logits, targets, shape[1], temperature));
        } else {
          const at = lossFor('temperature', shape[1], false);
          for (const [i, label] of one.labels.entries()) {
            const target = { label, target: undefined, temperature };
            at(row(logits, i, shape[1]), target, row(slope, i, shape[1]));
          }
        }
        assertClose(slope, flat(one.innerSlope), 'the slope');
      });
    }
  });
}

describe('the inner maximization against distributions', async () => {
  const network: Network = {
    architecture: 'test',
    inputShape: [4, 4, 1],
    classes: 3,
    layers: [
      { name: 'flatten', kind: 'flatten' },
      { name: 'dense', kind: 'dense', units: 3, bias: true, activation: 'linear' },
    ],
  };
  const stream = new RandomStream(1, 'test');
  const model = new Model(network, initialWeights(network, 1, stream), 1);
  const images = Float32Array.from({ length: 6 * 16 }, () => 0.2 + 0.6 * stream.uniform());
  const labels = Int32Array.of(0, 1, 2, 0, 1, 2);
  const clean = probabilitiesOf(await new Oracle(model.classifier('test')).logits(images), 3, 1);
  const targets = Float32Array.from({ length: 18 }, (_, i) =>
    i % 3 === labels[(i / 3) | 0] ? 1 : 0,
  );

  const other = new Model(network, initialWeights(network, 1, stream.child('teacher')), 1);
  const answersOf = async (points: Float32Array) =>
    probabilitiesOf(await new Oracle(other.classifier('test')).logits(points), 3, 1);

  const divergence = async (points: Float32Array, wanted: Float32Array): Promise<number> => {
    const found = probabilitiesOf(await new Oracle(model.classifier('test')).logits(points), 3, 1);
    return wanted.reduce((sum, p, i) => sum + (p === 0 ? 0 : p * Math.log(p / found[i])), 0);
  };

  for (const [name, wantedAt] of [
    ['trades', () => clean],
    ['rslad', () => targets],
    ['adaad', answersOf],
  ] as const) {
    it(`stays within the budget, repeats, and raises the divergence: ${name}`, async () => {
      const attacked = () =>
        methodNamed(name)
          .phase({ eps: 0.1, steps: 5 }, other.classifier('teacher'))
          .perturb({
            ...{ model, images, labels, targets, progress: 1 },
            stream: new RandomStream(2, 'step'),
          });
      const points = await attacked();
      assert.deepEqual(await attacked(), points);
      for (let i = 0; i < 6; i++) {
        assert.ok(isWithin({ norm: 'Linf', eps: 0.1 }, row(images, i, 16), row(points, i, 16)));
      }
      const before = await divergence(images, await wantedAt(images));
      const gain = (await divergence(points, await wantedAt(points))) - before;
      assert.ok(gain > 0.01);
    });
  }
});

describe('adversarial weight perturbation', () => {
  it('moves kernels as PyTorch does, and puts them back to the bit', async () => {
    const { images, labels, kernel, bias, moved, gradients } = fixtures.uphill;
    const [kernelVariable, biasVariable] = [
      tf.variable(tf.tensor2d(kernel)),
      tf.variable(tf.tensor1d(bias)),
    ];
    const model = {
      variables: new Map<string, tf.Variable>([
        ['kernel', kernelVariable],
        ['bias', biasVariable],
      ]),
    } as unknown as Model;
    const before = kernelVariable.dataSync().slice();
    const targets = tf.oneHot(labels, bias.length) as tf.Tensor2D;
    const loss = () => {
      const logits = tf.add(tf.matMul(tf.tensor2d(images), kernelVariable), biasVariable);
      return crossEntropy(logits as Logits, targets, 1);
    };
    const putBack = await weightsUphill(0.01)(model, loss);
    assertClose(kernelVariable.dataSync(), flat(moved), 'the kernel');
    assertClose(biasVariable.dataSync(), bias, 'the bias');
    const { grads } = tf.variableGrads(loss, [kernelVariable, biasVariable]);
    assertClose(grads[kernelVariable.name].dataSync(), flat(gradients[0]), 'its gradient');
    assertClose(grads[biasVariable.name].dataSync(), gradients[1], "the bias's gradient");
    putBack();
    assert.deepEqual(kernelVariable.dataSync(), before);
  });
});

describe('the balance of two teachers', () => {
  it('follows what is left of both divergences, as in the authors’ code', () => {
    const { losses, weights } = fixtures.balance;
    let balance = BALANCE;
    const found = losses.map((now) => {
      balance = balanced(balance, now);
      return balance.weight;
    });
    assertClose(found, weights, 'the weight');
  });

  it('is kept for a checkpoint, and taken from it', () => {
    const { state, objective } = methodNamed('mtard').phase({ eps: 0.1, steps: 1 });
    assert.ok(state && objective);
    state.restore(Float32Array.of(0.25, 2, 3));
    assert.deepEqual(state.save(), Float32Array.of(0.25, 2, 3));
    assert.ok(Number.isFinite(balanced(BALANCE, [0, 0]).weight), 'of divergences of 0');
  });
});
