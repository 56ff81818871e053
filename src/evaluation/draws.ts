/**
 * Models that answer at random, attacked and judged by the mean of several answers.
 *
 * Paper: Athalye, Engstrom, Ilyas & Kwok 2018, "Synthesizing Robust Adversarial Examples"
 * (expectation over transformation).
 */
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../arrays.ts';
import { UserError } from '../errors.ts';
import type { Classifier, Logits } from '../models/index.ts';

/** How many answers are averaged first, where the answers of a model do not repeat. */
export const FIRST_DRAWS = 16;
/** More are not asked for: each costs a pass. */
export const MOST_DRAWS = 256;

/**
 * The classifier whose logits are the mean of those of `draws` calls, gradients alike; the classifier
 * itself for 1. One pass over it is `draws` passes over the model.
 * @throws UserError `bad-plan` for draws that are no integer from 1 up
 */
export function averaged(classifier: Classifier, draws = 1): Classifier {
  if (!Number.isInteger(draws) || draws < 1) {
    throw new UserError('bad-plan', `an answer is the mean of 1 or more draws, not of ${draws}`);
  }
  if (draws === 1) return classifier;
  return {
    ...classifier,
    logits: (images) =>
      tf.tidy(() => {
        const answers = range(draws).map(() => classifier.logits(images));
        return tf.div(tf.addN(answers), draws) as Logits;
      }),
  };
}
