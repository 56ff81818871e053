/** Layers whose arithmetic is more than one kernel, against their definition in float64. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import { kindOf, type Layer } from '../../src/models/layers/registry.ts';

before(() => startEngine('auto'));

interface Case {
  readonly name: string;
  readonly layer: Layer;
  /** Shapes of its inputs, without the batch axis. */
  readonly inputs: readonly (readonly number[])[];
  readonly weights?: Readonly<Record<string, { shape: readonly number[]; values: number[] }>>;
  /** The layer's output for one image, from its inputs. */
  readonly expected: (...inputs: Float64Array[]) => number[];
}

const stream = new RandomStream(7, 'layers');
const numbers = (count: number) => Array.from({ length: count }, () => stream.normal());
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const plain = { bias: true, activation: 'linear' } as const;

const slope = numbers(3);
const kernel = numbers(2 * 2 * 2 * 4);
const bias = numbers(4);
const matrix = numbers(3 * 2);

/** erf by its Taylor series, exact to 1e-15 for the small numbers here. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const unary = (
  activation: 'erf' | 'exp' | 'sqrt' | 'reciprocal',
  f: (x: number) => number,
): Case => ({
  name: activation,
  layer: { kind: 'activation', name: 'one', activation },
  inputs: [[4, 3]],
  expected: (x) => Array.from(x, f),
});

const CASES: readonly Case[] = [
  unary('erf', erf),
  unary('exp', Math.exp),
  unary('sqrt', Math.sqrt),
  unary('reciprocal', (x) => 1 / x),
  {
    name: 'softmax',
    layer: { kind: 'softmax', name: 'one' },
    inputs: [[2, 3]],
    expected: (x) => {
      const sums = [0, 1].map((row) =>
        x.slice(3 * row, 3 * row + 3).reduce((a, b) => a + Math.exp(b), 0),
      );
      return Array.from(x, (value, i) => Math.exp(value) / sums[Math.floor(i / 3)]);
    },
  },
  {
    name: 'matmul',
    layer: { kind: 'matmul', name: 'one' },
    inputs: [
      [2, 3, 4],
      [2, 4, 2],
    ],
    expected: (a, b) =>
      range(12).map((at) => {
        const [head, row, column] = [Math.floor(at / 6), Math.floor(at / 2) % 3, at % 2];
        return range(4).reduce(
          (sum, k) => sum + a[head * 12 + row * 4 + k] * b[head * 8 + k * 2 + column],
          0,
        );
      }),
  },
  {
    name: 'transpose',
    layer: { kind: 'transpose', name: 'one', order: [2, 0, 1] },
    inputs: [[2, 3, 4]],
    expected: (x) =>
      range(24).map((at) => x[(Math.floor(at / 3) % 2) * 12 + (at % 3) * 4 + Math.floor(at / 6)]),
  },
  {
    name: 'slice',
    layer: { kind: 'slice', name: 'one', axis: 1, start: 1, size: 2 },
    inputs: [[2, 4, 2]],
    expected: (x) => range(8).map((at) => x[Math.floor(at / 4) * 8 + 2 + (at % 4)]),
  },
  {
    name: 'mean',
    layer: { kind: 'reduce', name: 'one', reduction: 'mean' },
    inputs: [[2, 4]],
    expected: (x) =>
      [0, 1].map((row) => x.slice(4 * row, 4 * row + 4).reduce((a, b) => a + b, 0) / 4),
  },
  {
    name: 'max',
    layer: { kind: 'reduce', name: 'one', reduction: 'max' },
    inputs: [[2, 4]],
    expected: (x) => [0, 1].map((row) => Math.max(...x.slice(4 * row, 4 * row + 4))),
  },
  {
    name: 'prelu',
    layer: { kind: 'prelu', name: 'one' },
    inputs: [[2, 2, 3]],
    weights: { scale: { shape: [3], values: slope } },
    expected: (x) => Array.from(x, (value, i) => (value > 0 ? value : slope[i % 3] * value)),
  },
  {
    name: 'dense on rows',
    layer: { kind: 'dense', name: 'one', units: 2, ...plain, bias: false },
    inputs: [[4, 3]],
    weights: { kernel: { shape: [3, 2], values: matrix } },
    expected: (x) =>
      range(8).map((at) =>
        range(3).reduce(
          (sum, k) => sum + x[Math.floor(at / 2) * 3 + k] * matrix[k * 2 + (at % 2)],
          0,
        ),
      ),
  },
  {
    name: 'add, spread',
    layer: { kind: 'add', name: 'one' },
    inputs: [
      [3, 2],
      [3, 1],
    ],
    expected: (a, b) => Array.from(a, (value, i) => value + b[Math.floor(i / 2)]),
  },
  {
    name: 'multiply, spread',
    layer: { kind: 'multiply', name: 'one' },
    inputs: [
      [3, 1],
      [3, 2],
    ],
    expected: (a, b) => Array.from(b, (value, i) => value * a[Math.floor(i / 2)]),
  },
  {
    name: 'grouped convolution',
    layer: {
      kind: 'grouped-conv2d',
      name: 'one',
      groups: 2,
      filters: 4,
      kernel: [2, 2],
      strides: [1, 1],
      padding: 'valid',
      ...plain,
    },
    inputs: [[3, 3, 4]],
    weights: {
      kernel: { shape: [2, 2, 2, 4], values: kernel },
      bias: { shape: [4], values: bias },
    },
    expected: (x) =>
      range(16).map((at) => {
        const [row, column, filter] = [Math.floor(at / 8), Math.floor(at / 4) % 2, at % 4];
        const first = filter < 2 ? 0 : 2;
        return range(8).reduce((sum, tap) => {
          const [y, z, c] = [Math.floor(tap / 4), Math.floor(tap / 2) % 2, tap % 2];
          const pixel = x[((row + y) * 3 + column + z) * 4 + first + c];
          return sum + pixel * kernel[((y * 2 + z) * 2 + c) * 4 + filter];
        }, bias[filter]);
      }),
  },
];

function tensors(given: readonly ArrayLike<number>[], { inputs }: Case): tf.Tensor[] {
  return given.map((values, i) => tf.tensor(Float32Array.from(values), [1, ...inputs[i]]));
}

for (const one of CASES) {
  test(`${one.name}: values and gradients are those of its definition`, () => {
    const { layer, inputs, weights = {}, expected } = one;
    // Positive, away from kinks and poles where the function has them there.
    const positive = layer.kind === 'activation';
    const given = inputs.map((shape) =>
      Float64Array.from(numbers(shape.reduce((a, b) => a * b, 1)), (x) =>
        Math.fround(positive ? 0.5 + Math.abs(x) : x),
      ),
    );
    const weight = (role: string) => tf.tensor(weights[role].values, [...weights[role].shape]);
    const forward = (...all: tf.Tensor[]) => kindOf(layer).forward(layer, all, { weight });
    const values = tf.tidy(() => Array.from(forward(...tensors(given, one)).dataSync()));
    const truth = expected(...given);
    assert.equal(values.length, truth.length);
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - truth[i]) < 3e-6, `${value}, not ${truth[i]}`);
    });

    const mix = truth.map((_, i) => Math.sin(i + 1));
    const score = (...all: tf.Tensor[]) =>
      tf.sum(tf.mul(tf.reshape(forward(...all), [-1]), tf.tensor1d(mix))) as tf.Scalar;
    const gradients = tf.tidy(() => {
      const all = tf.grads(score)(tensors(given, one));
      return all.map((gradient) => Array.from(gradient.dataSync()));
    });
    const exact = (all: Float64Array[]) =>
      expected(...all).reduce((sum, value, i) => sum + value * mix[i], 0);
    const step = 1e-5;
    given.forEach((array, which) => {
      array.forEach((_, at) => {
        const moved = (by: number) =>
          exact(given.map((other, i) => (i === which ? other.with(at, other[at] + by) : other)));
        const slopeThere = (moved(step) - moved(-step)) / (2 * step);
        const found = gradients[which][at];
        assert.ok(Math.abs(found - slopeThere) < 1e-5, `${found}, not ${slopeThere}`);
      });
    });
  });
}
