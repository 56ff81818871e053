import type * as tf from '@tensorflow/tfjs-core';

declare const logitsBrand: unique symbol;

/**
 * Class scores before softmax, `[N, classes]`. A type of its own, so that probabilities cannot be
 * handed to an attack by mistake: that is the most common fault in published evaluations.
 */
export type Logits = tf.Tensor2D & { readonly [logitsBrand]: true };

/**
 * What attacks and evaluations know of a model: a differentiable function from images
 * `[N, H, W, C]`, float32 in [0, 1], to logits, and the facts needed to attack it well.
 */
export interface Classifier {
  /** For tables and records, such as `student`. */
  readonly name: string;
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Whether the last class is for images of none of the data's classes. */
  readonly outlierClass?: true | undefined;
  /** The softmax temperature of its training; 1 for an ordinary model. Predictions are at T = 1. */
  readonly temperature: number;
  /** Differentiable; the caller owns the result (wrap in `tf.tidy`). */
  logits(images: tf.Tensor4D): Logits;
}
