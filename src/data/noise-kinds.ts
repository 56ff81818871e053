/** Kinds of noise. In a file of its own so that `--help` loads nothing else. */
export const NOISE_KINDS = ['uniform', 'gaussian'] as const;
export type NoiseKind = (typeof NOISE_KINDS)[number];
