/**
 * IAD: a student that trusts its teacher on attacked images as far as the teacher is right there, and
 * itself for the rest.
 *
 * Paper: Zhu et al. 2022, "Reliable Adversarial Distillation with Unreliable Teachers" (IAD-I). Loss:
 * A KL(T(x) || S(x')) + (1 - A) KL(S(x) || S(x')), both at T = 1, where A = T_y(x')^0.1 is the teacher's
 * probability of the label at the attacked image; after a warm-up, until which A is 1. Inner
 * maximization: cross-entropy, by PGD.
 * Cost: one forward pass more than PGD training, and one of the teacher.
 */
import * as tf from '@tensorflow/tfjs-core';
import { adversarialImages } from '../adversarial.ts';
import { divergences, divergencesFrom } from '../loss.ts';
import { required, type TrainingMethod } from './method.ts';

const TRUST_POWER = 0.1;
/** Share of the training until which the teacher is trusted; the authors' is 60 of 200 epochs. */
const WARM_UP = 0.3;

export const iad = {
  needsPlainSoftLabels: true,
  needsTeacher: true,
  phase: (adversary, teacher) => ({
    perturb: adversarialImages(adversary),
    objective: ({ model, logits, shown, images, labels, targets, progress }) =>
      tf.tidy(() => {
        const taught = divergencesFrom(targets, logits, 1);
        if (progress < WARM_UP) return tf.mean(taught);
        const answers = tf.softmax(required(teacher).logits(shown));
        const onLabel = tf.sum(tf.mul(answers, tf.oneHot(tf.tensor1d(labels), model.classes)), 1);
        const trust = tf.pow(onLabel, TRUST_POWER);
        const own = divergences(model.logits(images), logits, 1);
        return tf.mean(tf.add(tf.mul(trust, taught), tf.mul(tf.sub(1, trust), own)));
      }),
  }),
} as const satisfies TrainingMethod;
