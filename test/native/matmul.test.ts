import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { onEveryPath } from './backends.ts';
import * as reference from './reference.ts';
import { assertClose, largest, magnitudes, randomValues } from './values.ts';

const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 15, 16, 17, 63, 64, 130));

const product = fc.record({
  m: size,
  k: size,
  n: size,
  batchA: fc.constantFrom(0, 1, 3), // 0: no batch dimension
  batchB: fc.constantFrom(0, 1, 3),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  zeros: fc.constantFrom(0, 0.7, 1),
  seed: fc.nat(1e6),
});

test('matrix products equal their float64 references for all transposes and batches', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(product, ({ m, k, n, batchA, batchB, transposeA, transposeB, zeros, seed }) =>
        tf.tidy(() => {
          const countA = Math.max(1, batchA);
          const countB = Math.max(1, batchB);
          const a = randomValues(seed, countA * m * k, zeros);
          const b = randomValues(seed + 1, countB * k * n);
          const shape = (batch: number, rows: number, columns: number) =>
            batch === 0 ? [rows, columns] : [batch, rows, columns];
          const at = tf.tensor(a, transposeA ? shape(batchA, k, m) : shape(batchA, m, k));
          const bt = tf.tensor(b, transposeB ? shape(batchB, n, k) : shape(batchB, k, n));
          const c = tf.matMul(at, bt, transposeA, transposeB).dataSync();
          const count = Math.max(countA, countB);
          for (let i = 0; i < count; i++) {
            const ai = a.subarray((i % countA) * m * k, (i % countA) * m * k + m * k);
            const bi = b.subarray((i % countB) * k * n, (i % countB) * k * n + k * n);
            const expected = reference.matMul(ai, bi, [m, k, n], transposeA, transposeB);
            const [aa, ab] = [ai, bi].map(magnitudes);
            const scale = largest(reference.matMul(aa, ab, [m, k, n], transposeA, transposeB));
            assertClose(c.subarray(i * m * n, (i + 1) * m * n), expected, `product ${i}`, {
              scale,
            });
          }
        }),
      ),
      { numRuns: 120 },
    ),
  );
});

test('fused matrix products add the bias and apply the activation', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(size, size, size, fc.nat(1e6), (m, k, n, seed) =>
        tf.tidy(() => {
          const a = randomValues(seed, m * k);
          const b = randomValues(seed + 1, k * n);
          const bias = randomValues(seed + 2, n);
          const linear = reference
            .matMul(a, b, [m, k, n], false, false)
            .map((value, i) => value + bias[i % n]);
          const [aa, ab] = [a, b].map(magnitudes);
          const scale = largest(bias) + largest(reference.matMul(aa, ab, [m, k, n], false, false));
          const activations = { linear: Infinity, relu: Infinity, relu6: 6 } as const;
          for (const [activation, top] of Object.entries(activations)) {
            const c = tf.fused.matMul({
              a: tf.tensor2d(a, [m, k]),
              b: tf.tensor2d(b, [k, n]),
              bias: tf.tensor1d(bias),
              activation: activation as keyof typeof activations,
            });
            const bottom = activation === 'linear' ? -Infinity : 0;
            const expected = linear.map((value) => Math.min(top, Math.max(bottom, value)));
            assertClose(c.dataSync(), expected, activation, { scale });
          }
        }),
      ),
      { numRuns: 60 },
    ),
  );
});
