import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bestPair } from '../../src/attacks/jsma.ts';

/** The definition: every pair, the first of the best. */
function bruteForce(
  target: Float32Array,
  others: Float32Array,
  free: Uint8Array,
  direction: 1 | -1,
): [number, number] | undefined {
  let best: [number, number] | undefined;
  let most = 0;
  for (let p = 0; p < free.length; p++) {
    for (let q = p + 1; q < free.length; q++) {
      const gain = direction * (target[p] + target[q]);
      const loss = direction * (others[p] + others[q]);
      if (free[p] && free[q] && gain > 0 && loss < 0 && -gain * loss > most) {
        most = -gain * loss;
        best = [p, q];
      }
    }
  }
  return best;
}

// Few different values, so that there are ties and pairs of no worth.
const entry = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.float({ min: -1, max: 1, noNaN: true }));
const pixels = fc.array(fc.tuple(entry, entry, fc.integer({ min: 0, max: 3 })), { maxLength: 24 });

test('the best pair of pixels is that of looking at every pair', () => {
  fc.assert(
    fc.property(pixels, fc.constantFrom(1 as const, -1 as const), (rows, direction) => {
      const target = Float32Array.from(rows, ([a]) => a);
      const others = Float32Array.from(rows, ([, b]) => b);
      const free = Uint8Array.from(rows, ([, , bit]) => Math.min(bit, 1));
      for (const second of [others, target.map((a) => -a)]) {
        assert.deepEqual(
          bestPair(target, second, free, direction),
          bruteForce(target, second, free, direction),
        );
      }
    }),
    { numRuns: 2000 },
  );
});
