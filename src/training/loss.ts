import * as tf from '@tensorflow/tfjs-core';
import type { Logits } from '../models/index.ts';

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
