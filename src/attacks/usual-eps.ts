import type { Norm } from './types.ts';

/**
 * Budgets that are tried where none is named: a small one, and one at which an undefended model of
 * small gray images is wrong on most. In pixel values; L0 counts pixels (112 of 784 are the 14.29 %
 * that JSMA's authors allow).
 */
export const USUAL_EPS: Readonly<Record<Norm, readonly [small: number, large: number]>> = {
  Linf: [0.1, 0.3],
  L2: [1.5, 3],
  L1: [10, 30],
  L0: [28, 112],
};
