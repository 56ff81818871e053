/** Arbitrary numbers for tensors, and how close results must come to float64 references. */
import assert from 'node:assert/strict';
import { RandomStream } from '../../src/engine/index.ts';

/** Normal numbers of which a share is exactly zero; the seed decides everything. */
export function randomValues(seed: number, length: number, zeros = 0): Float32Array {
  const stream = new RandomStream(seed, 'test/native');
  return Float32Array.from({ length }, () => (stream.uniform() < zeros ? 0 : stream.normal()));
}

/** Magnitudes: a reference of these bounds what the terms of each sum add up to. */
export const magnitudes = (values: Float32Array) => values.map(Math.abs);

/** The largest magnitude, and at least a tiny number. */
export function largest(values: ArrayLike<number>): number {
  let result = 1e-30;
  for (let i = 0; i < values.length; i++) result = Math.max(result, Math.abs(values[i]));
  return result;
}

/**
 * Asserts that no entry differs by more than `tolerance * scale`. The scale is the largest sum of
 * the terms' magnitudes: float32 sums that cancel are exact relative to that, not to their value.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  { tolerance = 2e-6, scale = largest(expected) } = {},
): void {
  assert.equal(actual.length, expected.length, what);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    worst = difference >= worst ? difference : Number.isNaN(difference) ? Infinity : worst;
  }
  const error = worst / scale;
  assert.ok(error <= tolerance, `${what}: error ${error} > ${tolerance} (scale ${scale})`);
}
