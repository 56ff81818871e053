/**
 * MART: PGD training that weighs each example by how unsure the model is of it, with a margin term.
 *
 * Paper: Wang et al. 2020, "Improving Adversarial Robustness Requires Revisiting Misclassified
 * Examples". Loss: BCE(S(x'), y) + lambda KL(S(x) || S(x')) (1 - S_y(x)), where BCE is
 * -log S_y(x') - log(1 - max over other classes of S(x')); inner maximization: cross-entropy, by PGD.
 * The small constants that keep logarithms finite are the authors'.
 * Cost: one forward pass more than PGD training.
 */
import * as tf from '@tensorflow/tfjs-core';
import { adversarialImages } from '../adversarial.ts';
import { crossEntropy } from '../loss.ts';
import type { TrainingMethod } from './method.ts';

/** The authors' default. */
const LAMBDA = 5;
const MARGIN_GUARD = 1.0001;
const LOG_GUARD = 1e-12;
const WEIGHT_GUARD = 1.0000001;

export const mart = {
  phase: (adversary) => ({
    perturb: adversarialImages(adversary),
    objective: ({ model, logits, images, targets, temperature }) =>
      tf.tidy(() => {
        const attacked = tf.softmax(tf.div(logits, temperature));
        const clean = tf.softmax(tf.div(model.logits(images), temperature));
        // The label's own probability is moved below 0, so that the maximum is over the others.
        const runnerUp = tf.max(tf.sub(attacked, tf.mul(targets, 2)), 1);
        const margin = tf.neg(tf.mean(tf.log(tf.add(tf.sub(MARGIN_GUARD, runnerUp), LOG_GUARD))));
        const boosted = tf.add(crossEntropy(logits, targets, temperature), margin);
        const divergence = tf.sum(
          tf.mul(clean, tf.sub(tf.log(clean), tf.log(tf.add(attacked, LOG_GUARD)))),
          1,
        );
        const weight = tf.sub(WEIGHT_GUARD, tf.sum(tf.mul(clean, targets), 1));
        return tf.add(boosted, tf.mul(tf.mean(tf.mul(divergence, weight)), LAMBDA)) as tf.Scalar;
      }),
  }),
} as const satisfies TrainingMethod;
