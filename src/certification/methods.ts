/** How bounds are computed; `--help` shows this list, so it imports nothing. */
export const METHODS = ['auto', 'interval', 'linear', 'crown'] as const;

/**
 * `interval`: bounds layer after layer; `linear`: backward bounds of the logits with interval bounds
 * inside; `crown`: backward bounds of everything; `auto`: each image takes the cheapest that decides.
 */
export type Method = (typeof METHODS)[number];

/** What `certify` takes: the methods above, in Linf, and randomized smoothing, in L2. */
export const CERTIFY_METHODS = [...METHODS, 'smoothing'] as const;
export type CertifyMethod = (typeof CERTIFY_METHODS)[number];
