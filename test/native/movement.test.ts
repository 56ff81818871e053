import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { compiledBackends, onEveryPath, use } from './backends.ts';
import { randomValues } from './values.ts';

const shape = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });

test('transpose moves every element to its permuted index', async () => {
  const shapeAndPermutation = shape.chain((dims) =>
    fc.tuple(
      fc.constant(dims),
      fc.shuffledSubarray(
        dims.map((_, i) => i),
        { minLength: dims.length },
      ),
    ),
  );
  await onEveryPath(() =>
    fc.assert(
      fc.property(shapeAndPermutation, fc.nat(1e6), ([dims, permutation], seed) =>
        tf.tidy(() => {
          const x = randomValues(seed, tf.util.sizeFromShape(dims));
          const y = tf.transpose(tf.tensor(x, dims), permutation);
          const back = permutation.map((_, i) => permutation.indexOf(i));
          assert.deepEqual(tf.transpose(y, back).dataSync(), x);
          const strides = [...tf.util.computeStrides(dims), 1];
          const outStrides = [...tf.util.computeStrides(y.shape), 1];
          const values = y.dataSync();
          for (let i = 0; i < values.length; i++) {
            const index = permutation.reduce((sum, axis, out) => {
              const at = Math.floor(i / outStrides[out]) % y.shape[out];
              return sum + at * strides[axis];
            }, 0);
            assert.equal(values[i], x[index]);
          }
        }),
      ),
      { numRuns: 80 },
    ),
  );
});

test('gather and slice copy the rows that were asked for', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(shape, fc.nat(1e6), fc.nat(5), (dims, seed, pick) =>
        tf.tidy(() => {
          const axis = pick % dims.length;
          const x = tf.tensor(randomValues(seed, tf.util.sizeFromShape(dims)), dims);
          const rows = tf.unstack(x, axis);
          const indices = Array.from({ length: 7 }, (_, i) => (i * 5 + seed) % dims[axis]);
          const gathered = tf.gather(x, tf.tensor1d(indices, 'int32'), axis);
          const expected = tf.stack(
            indices.map((i) => rows[i]),
            axis,
          );
          assert.deepEqual(gathered.dataSync(), expected.dataSync());
          const begin = dims.map((size, i) => (i === axis ? seed % size : 0));
          const size = dims.map((full, i) => (i === axis ? 1 : full));
          assert.deepEqual(tf.slice(x, begin, size).dataSync(), rows[begin[axis]].dataSync());
        }),
      ),
      { numRuns: 80 },
    ),
  );
});

test('concatenation undoes a split', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(shape, fc.nat(1e6), fc.nat(5), fc.constantFrom(1, 20), (dims, seed, pick, last) =>
        tf.tidy(() => {
          const full = [...dims, last];
          const axis = pick % full.length;
          const values = randomValues(seed, tf.util.sizeFromShape(full));
          const x = tf.tensor(values, full);
          const cut = 1 + (seed % full[axis]);
          const sizes = [cut, full[axis] - cut].filter((size) => size > 0);
          const parts = tf.split(x, sizes, axis);
          assert.deepEqual(tf.concat(parts, axis).dataSync(), values);
        }),
      ),
      { numRuns: 80 },
    ),
  );
});

test('slices, paddings and parts hold every value at its index', async () => {
  const box = fc.array(
    fc.record({ before: fc.nat(3), kept: fc.integer({ min: 1, max: 5 }), after: fc.nat(3) }),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  await onEveryPath(() =>
    fc.assert(
      fc.property(box, fc.nat(1e6), fc.constantFrom(1, 40), (axes, seed, last) =>
        tf.tidy(() => {
          const all = [...axes, { before: 0, kept: last, after: 0 }];
          const begin = all.map(({ before }) => before);
          const size = all.map(({ kept }) => kept);
          const whole = all.map(({ before, kept, after }) => before + kept + after);
          const values = randomValues(seed, tf.util.sizeFromShape(whole));
          const x = tf.tensor(values, whole);
          const strides = [...tf.util.computeStrides(whole), 1];
          const indexOf = (at: readonly number[]) =>
            at.reduce((sum, one, axis) => sum + one * strides[axis], 0);
          const inside = new Float32Array(tf.util.sizeFromShape(size)).map((_, i) => {
            const at = tf.util.indexToLoc(i, size.length, tf.util.computeStrides(size));
            return values[indexOf(at.map((one, axis) => one + begin[axis]))];
          });
          assert.deepEqual(tf.slice(x, begin, size).dataSync(), inside);

          const margins = all.map(({ before, after }): [number, number] => [before, after]);
          const padded = tf.pad(tf.tensor(inside, size), margins, 7).dataSync();
          const isInside = (at: readonly number[]) =>
            at.every((one, axis) => one >= begin[axis] && one < begin[axis] + size[axis]);
          const expected = values.map((value, i) => {
            const at = tf.util.indexToLoc(i, whole.length, tf.util.computeStrides(whole));
            return isInside(at) ? value : 7;
          });
          assert.deepEqual(padded, expected);

          const { before, kept, after } = all[0];
          const [, middle] = tf.split(x, [before, kept, after], 0);
          const inner = whole.slice(1).reduce((a, b) => a * b, 1);
          const part = values.slice(before * inner, (before + kept) * inner);
          assert.deepEqual(middle.dataSync(), part);
        }),
      ),
      { numRuns: 60 },
    ),
  );
});

test('an index out of range is an error, not a read out of bounds', async () => {
  for (const name of compiledBackends) {
    await use(name);
    for (const index of [-1, 3]) {
      const gather = () => tf.gather(tf.ones([3, 2]), tf.tensor1d([index], 'int32'));
      assert.throws(() => tf.tidy(gather), /not in \[0, 2\]/);
    }
  }
});
