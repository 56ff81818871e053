import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { onEveryPath } from './backends.ts';
import { assertClose, largest, randomValues } from './values.ts';

const shapeAndAxes = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(17, 70)), {
    minLength: 1,
    maxLength: 4,
  })
  .filter((shape) => tf.util.sizeFromShape(shape) <= 20_000)
  .chain((shape) => fc.tuple(fc.constant(shape), fc.subarray(shape.map((_, i) => i))));

/** Groups a tensor's values by the position that each is reduced into, in row-major order. */
function groups(x: Float32Array, shape: number[], axes: number[]): number[][] {
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const result = Array.from({ length: tf.util.sizeFromShape(kept) }, () => [] as number[]);
  x.forEach((value, i) => {
    let index = 0;
    let rest = i;
    let scale = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
      if (kept[axis] > 1) index += at * scale;
      scale *= kept[axis];
    }
    result[index].push(value);
  });
  return result;
}

const reductions: Record<
  string,
  [(x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor, (v: number[]) => number]
> = {
  sum: [tf.sum, (v) => v.reduce((a, b) => a + b, 0)],
  mean: [tf.mean, (v) => v.reduce((a, b) => a + b, 0) / v.length],
  max: [tf.max, (v) => Math.max(...v)],
  min: [tf.min, (v) => Math.min(...v)],
  prod: [tf.prod, (v) => v.reduce((a, b) => a * b, 1)],
};

test('reductions over any axes equal their definition', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(shapeAndAxes, fc.boolean(), fc.nat(1e6), ([shape, axes], keepDims, seed) =>
        tf.tidy(() => {
          const x = randomValues(seed, tf.util.sizeFromShape(shape), 0.1);
          const all = groups(x, shape, axes);
          for (const [name, [op, f]] of Object.entries(reductions)) {
            const result = op(tf.tensor(x, shape), axes, keepDims);
            const outShape = keepDims
              ? shape.map((size, i) => (axes.includes(i) ? 1 : size))
              : shape.filter((_, i) => !axes.includes(i));
            assert.deepEqual(result.shape, outShape);
            const scale = largest(all.map((group) => f(group.map(Math.abs))));
            assertClose(result.dataSync(), all.map(f), name, { scale });
          }
        }),
      ),
      { numRuns: 120 },
    ),
  );
});

test('sums of many numbers keep their digits', async () => {
  await onEveryPath(() =>
    tf.tidy(() => {
      const x = randomValues(3, 1_000_000).map((value) => value + 100);
      const exact = x.reduce((sum, value) => sum + value, 0);
      const sum = tf.sum(tf.tensor1d(x)).dataSync()[0];
      assert.ok(Math.abs(sum - exact) <= 1e-6 * exact, `${sum}, exactly ${exact}`);
    }),
  );
});

test('argmax and argmin find the first extremum', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 1),
        fc.nat(1e6),
        (rows, columns, axis, seed) =>
          tf.tidy(() => {
            const x = randomValues(seed, rows * columns).map(Math.round); // ties
            const xt = tf.tensor2d(x, [rows, columns]);
            const all = groups(x, [rows, columns], [axis]);
            const first = (pick: (...v: number[]) => number) =>
              all.map((v) => v.indexOf(pick(...v)));
            assert.deepEqual([...tf.argMax(xt, axis).dataSync()], first(Math.max));
            assert.deepEqual([...tf.argMin(xt, axis).dataSync()], first(Math.min));
          }),
      ),
      { numRuns: 80 },
    ),
  );
});

test('softmax and logSoftmax of logits of any scale', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(1e-3, 1, 40, 1e4),
        fc.nat(1e6),
        (rows, columns, scale, seed) =>
          tf.tidy(() => {
            const x = randomValues(seed, rows * columns).map((value) => value * scale);
            const xt = tf.tensor2d(x, [rows, columns]);
            const logs = groups(x, [rows, columns], [1]).flatMap((v) => {
              const top = Math.max(...v);
              const log = top + Math.log(v.reduce((sum, z) => sum + Math.exp(z - top), 0));
              return v.map((z) => z - log);
            });
            assertClose(tf.softmax(xt).dataSync(), logs.map(Math.exp), 'softmax', {
              tolerance: 3e-6,
            });
            const kernel = tf.engine().runKernel('LogSoftmax', { logits: xt }, { axis: -1 });
            assertClose((kernel as tf.Tensor).dataSync(), logs, 'LogSoftmax', { tolerance: 3e-6 });
            assertClose(tf.logSoftmax(xt).dataSync(), logs, 'logSoftmax', { tolerance: 3e-6 });
          }),
      ),
      { numRuns: 80 },
    ),
  );
});
