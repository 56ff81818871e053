/**
 * TRADES: accuracy on the images as they are, and answers that do not change within the budget.
 *
 * Paper: Zhang et al. 2019, "Theoretically Principled Trade-off between Robustness and Accuracy".
 * Loss: CE(S(x), y) + beta KL(S(x) || S(x')); inner maximization: that divergence, from x and a little
 * noise. Here at the training temperature, as everything is.
 * Cost: one forward pass more than PGD training, and one over the clean images for the inner targets.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Oracle } from '../../attacks/index.ts';
import { crossEntropy, divergences } from '../loss.ts';
import type { TrainingMethod } from './method.ts';
import { probabilitiesOf, softAscent } from './soft-ascent.ts';

/** Weight of the divergence; the authors' for MNIST is 1, for CIFAR-10 it is 6. */
const BETA = 1;

export const trades = {
  phase: (adversary) => ({
    perturb: async (step) => {
      const { model, images } = step;
      const clean = await new Oracle(model.classifier('in training')).logits(images);
      return softAscent(adversary, step, probabilitiesOf(clean, model.classes, model.temperature));
    },
    objective: ({ model, logits, images, targets, temperature }) =>
      tf.tidy(() => {
        const clean = model.logits(images);
        const divergence = tf.mean(divergences(clean, logits, temperature));
        return tf.add(
          crossEntropy(clean, targets, temperature),
          tf.mul(divergence, BETA),
        ) as tf.Scalar;
      }),
  }),
} as const satisfies TrainingMethod;
