/** Budgets at which no model is robust: half the pixel range in Linf lets any image become plain gray. */
export const LARGE_EPS = { Linf: 0.5, L2: 12, L1: 200, L0: Number.POSITIVE_INFINITY };
