/**
 * How far the float32 program may be from exact arithmetic.
 *
 * A sum of n products in float32, added in any order and with or without fused multiply-adds, is off
 * by at most gamma(n) times the sum of the products' absolute values (Higham 2002, "Accuracy and
 * Stability of Numerical Algorithms", section 3.1), plus what gradual underflow loses. Every bound of
 * this folder is widened by that, so that it holds for the engine that runs, whatever its kernels'
 * order of summation. Engines: `native`, `wasm` and `cpu`.
 *
 * The bounds themselves are computed in float64. Their own rounding is 2^29 times smaller a term, and
 * `SLACK` of float32's pays for it, for sums of up to 2^19 times as many terms.
 */

/** Unit roundoff of float32: half of the distance from 1 to the next number. */
export const UNIT = 2 ** -24;

/** Share by which float32's rounding is taken larger than it is, for the rounding of float64. */
const SLACK = 2 ** -10;

/** What one product or sum may lose to underflow, also where small numbers are flushed to zero. */
export const UNDERFLOW = 2 ** -126;

/**
 * Largest relative error of a polynomial for exp, tanh and the like, in float32: the engines' are
 * within a few units in the last place; `test/certification/activations.test.ts` measures them.
 */
export const FUNCTION_ERROR = 16 * UNIT;

/**
 * Higham's gamma: the relative error of a product that passes through `roundings` roundings.
 * @returns n u / (1 - n u) and the slack; Infinity where float32 keeps no digit
 */
export function gamma(roundings: number): number {
  const product = roundings * UNIT;
  return product < 0.5 ? (product / (1 - product)) * (1 + SLACK) : Number.POSITIVE_INFINITY;
}

/** Relative error of a float64 sum of so many terms; the factor 2 pays for its own rounding. */
export function gamma64(terms: number): number {
  return terms * 2 ** -52;
}
