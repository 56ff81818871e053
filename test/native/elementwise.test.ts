import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { compiledBackends, onEveryPath, use } from './backends.ts';
import { assertClose, randomValues } from './values.ts';

/** Two shapes that broadcast with each other: dimensions are dropped to 1 or cut off in front. */
const shapes = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 5 })
  .chain((full) => {
    const mask = fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length });
    const operand = fc
      .tuple(mask, fc.nat(full.length))
      .map(([keep, cut]) => full.map((size, i) => (keep[i] ? size : 1)).slice(cut));
    return fc.tuple(operand, operand);
  });

const large = fc.constantFrom<[number[], number[]]>(
  [[1000], [1000]],
  [[70, 33], [33]],
  [
    [70, 33],
    [70, 1],
  ],
  [[8, 9, 9, 16], [16]],
  [
    [2, 3, 2, 3, 2, 3, 2],
    [3, 1, 3, 1, 3, 1],
  ], // more dimensions than the kernel takes
);

const specials = fc.constantFrom(0, -0, 1, -1, NaN, Infinity, -Infinity, 1e-40, 3e38, 0.5);

const binaries: Record<
  string,
  [(a: tf.Tensor, b: tf.Tensor) => tf.Tensor, (a: number, b: number) => number]
> = {
  add: [tf.add, (a, b) => a + b],
  sub: [tf.sub, (a, b) => a - b],
  mul: [tf.mul, (a, b) => a * b],
  div: [tf.div, (a, b) => a / b],
  maximum: [tf.maximum, Math.max],
  minimum: [tf.minimum, Math.min],
  squaredDifference: [tf.squaredDifference, (a, b) => (a - b) ** 2],
};

const comparisons: typeof binaries = {
  equal: [tf.equal, (a, b) => Number(a === b)],
  notEqual: [tf.notEqual, (a, b) => Number(a !== b)],
  less: [tf.less, (a, b) => Number(a < b)],
  lessEqual: [tf.lessEqual, (a, b) => Number(a <= b)],
  greater: [tf.greater, (a, b) => Number(a > b)],
  greaterEqual: [tf.greaterEqual, (a, b) => Number(a >= b)],
};

/** `f` over the broadcast of a and b, one element at a time. */
function broadcast(
  a: Float32Array,
  aShape: number[],
  b: Float32Array,
  bShape: number[],
  f: (a: number, b: number) => number,
): number[] {
  const out = tf.broadcast_util.assertAndGetBroadcastShape(aShape, bShape);
  const indexIn = (shape: number[], position: number[]) =>
    shape.reduce((index, size, i) => {
      const at = position[i + position.length - shape.length];
      return index * size + (size === 1 ? 0 : at);
    }, 0);
  return Array.from({ length: tf.util.sizeFromShape(out) }, (_, i) => {
    const position = tf.util.indexToLoc(i, out.length, tf.util.computeStrides(out));
    const safe = out.length === 0 ? [] : position;
    return f(a[indexIn(aShape, safe)], b[indexIn(bShape, safe)]);
  });
}

test('binary operations and comparisons broadcast like their definition', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(fc.oneof(shapes, large), fc.nat(1e6), ([aShape, bShape], seed) =>
        tf.tidy(() => {
          const a = randomValues(seed, tf.util.sizeFromShape(aShape), 0.2);
          const b = randomValues(seed + 1, tf.util.sizeFromShape(bShape), 0.2);
          for (const [name, [op, f]] of Object.entries({ ...binaries, ...comparisons })) {
            const result = op(tf.tensor(a, aShape), tf.tensor(b, bShape));
            const expected = broadcast(a, aShape, b, bShape, (p, q) => Math.fround(f(p, q)));
            const actual = result.dataSync();
            expected.forEach((value, i) => {
              const isEqual = Object.is(value, actual[i]) || value === actual[i];
              const isClose = Math.abs(value - actual[i]) <= 1e-6 * Math.abs(value);
              assert.ok(isEqual || isClose, `${name}: ${actual[i]}, expected ${value}`);
            });
          }
        }),
      ),
      { numRuns: 80 },
    ),
  );
});

test('binary operations treat NaN, infinities and signed zeros as JavaScript does', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(specials, specials), { minLength: 1, maxLength: 40 }),
        (pairs) =>
          tf.tidy(() => {
            const [a, b] = [0, 1].map((k) => Float32Array.from(pairs, (pair) => pair[k as 0 | 1]));
            for (const [name, [op, f]] of Object.entries({ ...binaries, ...comparisons })) {
              const actual = op(tf.tensor1d(a), tf.tensor1d(b)).dataSync();
              actual.forEach((value: number, i: number) => {
                const expected = Math.fround(f(a[i], b[i]));
                const isEqual = Object.is(value, expected) || value === expected;
                assert.ok(isEqual, `${name}(${a[i]}, ${b[i]}) is ${value}, expected ${expected}`);
              });
            }
          }),
      ),
      { numRuns: 100 },
    ),
  );
});

/** Each with its definition and the largest relative error it may have (in float32 steps). */
const unaries: [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number][] = [
  ['neg', tf.neg, (x) => -x],
  ['abs', tf.abs, Math.abs],
  ['sign', tf.sign, (x) => Math.sign(x) || 0], // TensorFlow.js: 0 for NaN
  ['square', tf.square, (x) => x * x],
  ['sqrt', (x) => tf.sqrt(tf.abs(x)), (x) => Math.sqrt(Math.abs(x))],
  ['rsqrt', (x) => tf.rsqrt(tf.abs(x)), (x) => 1 / Math.sqrt(Math.abs(x))],
  ['exp', tf.exp, Math.exp],
  ['log', (x) => tf.log(tf.abs(x)), (x) => Math.log(Math.abs(x))],
  ['relu', tf.relu, (x) => Math.max(0, x)],
  ['relu6', tf.relu6, (x) => Math.min(6, Math.max(0, x))],
  ['leakyRelu', (x) => tf.leakyRelu(x, 0.125), (x) => (x < 0 ? 0.125 * x : x)],
  ['clip', (x) => tf.clipByValue(x, -0.5, 0.75), (x) => Math.min(0.75, Math.max(-0.5, x))],
  ['tanh', tf.tanh, Math.tanh],
  ['sigmoid', tf.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  ['reciprocal', tf.reciprocal, (x) => 1 / x],
  ['step', (x) => tf.step(x, 0.25), (x) => (Number.isNaN(x) ? NaN : x > 0 ? 1 : 0.25)],
  ['log1p', (x) => tf.log1p(tf.abs(x)), (x) => Math.log1p(Math.abs(x))],
  ['expm1', tf.expm1, Math.expm1],
  ['softplus', tf.softplus, (x) => (x > 30 ? x : Math.log1p(Math.exp(x)))],
  ['elu', tf.elu, (x) => (x >= 0 ? x : Math.expm1(x))],
];

test('unary operations are as exact as float32 allows', async () => {
  const values = fc.oneof(
    specials,
    fc.float({ min: Math.fround(-90), max: Math.fround(80), noNaN: true }),
    fc.float({ min: Math.fround(-1e-3), max: Math.fround(1e-3), noNaN: true }),
  );
  await onEveryPath(() =>
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 70 }), (numbers) =>
        tf.tidy(() => {
          const x = Float32Array.from(numbers);
          for (const [name, op, f] of unaries) {
            const actual = op(tf.tensor1d(x)).dataSync();
            actual.forEach((value: number, i: number) => {
              const expected = Math.fround(f(x[i]));
              const isEqual = Object.is(value, expected) || value === expected;
              const error = Math.abs(value - expected);
              const isClose = error <= 1e-6 * Math.abs(expected) || error < 1e-37;
              assert.ok(isEqual || isClose, `${name}(${x[i]}) is ${value}, expected ${expected}`);
            });
          }
        }),
      ),
      { numRuns: 100 },
    ),
  );
});

test('select, casts and fills', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(1e6), (length, seed) =>
        tf.tidy(() => {
          const a = randomValues(seed, length);
          const b = randomValues(seed + 1, length);
          const condition = tf.greater(tf.tensor1d(a), 0);
          const chosen = tf.where(condition, tf.tensor1d(a), tf.tensor1d(b)).dataSync();
          assert.deepEqual(
            chosen,
            a.map((value, i) => (value > 0 ? value : b[i])),
          );
          const mask = tf.cast(condition, 'float32');
          assertClose(
            tf.mul(mask, tf.tensor1d(b)).dataSync(),
            b.map((v, i) => (a[i] > 0 ? v : 0)),
            'mask',
          );
          const integers = Int32Array.from(a, (value) => value * 1000);
          const floats = tf.cast(tf.tensor1d(integers, 'int32'), 'float32').dataSync();
          assert.deepEqual([...floats], [...integers]);
          assert.deepEqual([...tf.fill([length], 2.5).dataSync()], Array(length).fill(2.5));
          assert.deepEqual([...tf.onesLike(mask).dataSync()], Array(length).fill(1));
        }),
      ),
      { numRuns: 60 },
    ),
  );
});

test('a float32 tensor that holds integers takes the inherited path', async () => {
  for (const name of compiledBackends) {
    await use(name);
    tf.tidy(() => {
      const x = tf.tensor1d(Int32Array.of(1, 2, 3) as never, 'float32');
      assert.deepEqual([...tf.add(x, tf.tensor1d([0.5, 0.5, 0.5])).dataSync()], [1.5, 2.5, 3.5]);
      assert.deepEqual([...tf.sqrt(tf.tensor1d([], 'float32')).dataSync()], []);
      assert.deepEqual(
        [...tf.add(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3, 4], 'int32')).dataSync()],
        [4, 6],
      );
    });
  }
});
