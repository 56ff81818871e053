/** The words that every part of `attacks/` shares; it imports no other file of it. */
import type { RandomStream } from '../engine/index.ts';

export const NORMS = ['Linf', 'L2', 'L1', 'L0'] as const;
export type Norm = (typeof NORMS)[number];

/** What the attacker may do: stay within `eps` of the image in `norm`, and within [0, 1]. */
export interface Threat {
  readonly norm: Norm;
  /** Budget in units of pixel value (L0: number of features); Infinity for minimal-norm attacks. */
  readonly eps: number;
}

/** What counts as adversarial, judged by the evaluation on the model at T = 1. */
export type Goal =
  | { readonly kind: 'untargeted' }
  /** One target class per example. */
  | { readonly kind: 'targeted'; readonly targets: Int32Array };

/** The classes that losses and goals refer to, row by row. */
export interface ClassTargets {
  readonly labels: ArrayLike<number>;
  /** Absent for an untargeted goal. */
  readonly targets: ArrayLike<number> | undefined;
}

/** Images with their true classes, as an attack receives them; owned by the caller, never written. */
export interface AttackBatch {
  /** `[N, H, W, C]` row-major, float32 in [0, 1]. */
  readonly images: Float32Array;
  /** `[N]` */
  readonly labels: Int32Array;
  /** One stream per example (named by its index in the data set), so that batching changes nothing. */
  readonly streams: readonly RandomStream[];
}
