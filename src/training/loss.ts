import * as tf from '@tensorflow/tfjs-core';
import type { Logits } from '../models/index.ts';

/** Keeps the logarithm of a probability of 0 finite. */
const LEAST_PROBABILITY = 1e-30;

/**
 * Mean cross-entropy of softmax(logits / T) against target probabilities (Hinton et al. 2015;
 * Papernot et al. 2016), from log-softmax, so that it neither overflows nor clips.
 *
 * @param logits `[N, classes]`
 * @param targets `[N, classes]`, rows sum to 1: one-hot labels, or a teacher's soft labels
 * @param temperature T > 0
 * @returns a scalar, in nats
 */
export function crossEntropy(logits: Logits, targets: tf.Tensor2D, temperature: number): tf.Scalar {
  return tf.tidy(() => {
    const logProbabilities = tf.logSoftmax(tf.div(logits, temperature));
    return tf.neg(tf.mean(tf.sum(tf.mul(targets, logProbabilities), 1))) as tf.Scalar;
  });
}

/**
 * KL(softmax(first / T) || softmax(second / T)) of every row; differentiable in both.
 *
 * @param first `[N, classes]`
 * @param second `[N, classes]`
 * @returns `[N]`, in nats
 */
export function divergences(first: Logits, second: Logits, temperature: number): tf.Tensor1D {
  return tf.tidy(() => {
    const logs = tf.logSoftmax(tf.div(first, temperature));
    const others = tf.logSoftmax(tf.div(second, temperature));
    return tf.sum(tf.mul(tf.exp(logs), tf.sub(logs, others)), 1) as tf.Tensor1D;
  });
}

/**
 * KL(targets || softmax(logits / T)) of every row.
 *
 * @param targets `[N, classes]`, rows sum to 1; classes of probability 0 add nothing
 * @returns `[N]`, in nats
 */
export function divergencesFrom(
  targets: tf.Tensor2D,
  logits: Logits,
  temperature: number,
): tf.Tensor1D {
  return tf.tidy(() => {
    const logs = tf.log(tf.maximum(targets, LEAST_PROBABILITY));
    const others = tf.logSoftmax(tf.div(logits, temperature));
    return tf.sum(tf.mul(targets, tf.sub(logs, others)), 1) as tf.Tensor1D;
  });
}
