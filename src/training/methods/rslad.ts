/**
 * RSLAD: soft labels of a robust teacher everywhere, in the attack as well as in the loss.
 *
 * Paper: Zi et al. 2021, "Revisiting Adversarial Robustness Distillation: Robust Soft Labels Make
 * Student Better". Loss: 5/6 KL(T(x) || S(x')) + 1/6 KL(T(x) || S(x)), both at T = 1; inner
 * maximization: KL(T(x) || S(x')), from x and a little noise. The published code averages the
 * divergence over classes as well as images: its loss is as many times smaller as there are classes.
 * Cost: one forward pass more than PGD training.
 */
import * as tf from '@tensorflow/tfjs-core';
import { divergencesFrom } from '../loss.ts';
import type { TrainingMethod } from './method.ts';
import { softAscent } from './soft-ascent.ts';

const ATTACKED_SHARE = 5 / 6;

export const rslad = {
  needsPlainSoftLabels: true,
  phase: (adversary) => ({
    perturb: (step) => softAscent(adversary, step, step.targets),
    objective: ({ model, logits, images, targets }) =>
      tf.tidy(() => {
        const attacked = tf.mean(divergencesFrom(targets, logits, 1));
        const clean = tf.mean(divergencesFrom(targets, model.logits(images), 1));
        return tf.add(
          tf.mul(attacked, ATTACKED_SHARE),
          tf.mul(clean, 1 - ATTACKED_SHARE),
        ) as tf.Scalar;
      }),
  }),
} as const satisfies TrainingMethod;
