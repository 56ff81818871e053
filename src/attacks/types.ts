import type * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../engine/index.ts';

export type Norm = 'Linf' | 'L2' | 'L1' | 'L0';

/** What the attacker may do: stay within `eps` of the image in `norm`, and within [0, 1]. */
export interface Threat {
  readonly norm: Norm;
  /** Budget in units of pixel value (L0: number of features); Infinity for minimal-norm attacks. */
  readonly eps: number;
}

/** What counts as adversarial, judged by the evaluation on the model at T = 1. */
export type Goal =
  | { readonly kind: 'untargeted' }
  | { readonly kind: 'targeted'; readonly targets: Int32Array };

/**
 * The function an attack climbs. On a distilled model this choice decides the outcome:
 * - `softmax`: cross-entropy on float32 probabilities (the naive one; its gradient vanishes)
 * - `logits`: cross-entropy from logits (fused; still loses signs once the logit gap passes ~16)
 * - `temperature`: cross-entropy of logits / T, T being the model's training temperature
 * - `margin`: best other logit minus the true one (Carlini & Wagner 2017)
 * - `dlr`: difference of logits ratio, scale-free (Croce & Hein 2020)
 */
export const LOSSES = ['softmax', 'logits', 'temperature', 'margin', 'dlr'] as const;
export type LossName = (typeof LOSSES)[number];

/** Images with their true classes, as an attack receives them. */
export interface Examples {
  /** `[N, H, W, C]`, float32 in [0, 1]. Owned by the caller. */
  readonly images: tf.Tensor4D;
  readonly labels: Int32Array;
  /** One stream per example (named by its index in the data set), so that batching changes nothing. */
  readonly streams: readonly RandomStream[];
}
