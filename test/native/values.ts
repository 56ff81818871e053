/** Arbitrary numbers for tensors, and how close results must come to float64 references. */
import assert from 'node:assert/strict';
import { RandomStream } from '../../src/engine/index.ts';

/** Normal numbers of which a share is exactly zero; the seed decides everything. */
export function randomValues(seed: number, length: number, zeros = 0): Float32Array {
  const stream = new RandomStream(seed, 'test/native');
  return Float32Array.from({ length }, () => (stream.uniform() < zeros ? 0 : stream.normal()));
}

/** The largest difference, relative to the largest expected magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let scale = 1e-30;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    const difference = Math.abs(actual[i] - expected[i]);
    worst = difference >= worst ? difference : Number.isNaN(difference) ? Infinity : worst;
  }
  return worst / scale;
}

/** Float32 sums of some thousand terms stay well below this; a wrong term does not. */
export const TOLERANCE = 1e-5;

export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance = TOLERANCE,
): void {
  const error = relativeError(actual, expected);
  assert.ok(error <= tolerance, `${what}: relative error ${error} > ${tolerance}`);
}
