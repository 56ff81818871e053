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

test('an index out of range is an error, not a read out of bounds', async () => {
  for (const name of compiledBackends) {
    await use(name);
    for (const index of [-1, 3]) {
      const gather = () => tf.gather(tf.ones([3, 2]), tf.tensor1d([index], 'int32'));
      assert.throws(() => tf.tidy(gather), /not in \[0, 2\]/);
    }
  }
});
