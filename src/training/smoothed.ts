/**
 * Training for randomized smoothing: every step learns from images with normal noise, so that the model
 * is right on most of an image's noisy copies.
 *
 * Papers: Cohen, Rosenfeld & Kolter 2019, "Certified Adversarial Robustness via Randomized Smoothing"
 * (noise, arXiv 1902.02918); Jeong & Shin 2020, "Consistency Regularization for Certified Robustness of
 * Smoothed Classifiers" (arXiv 2006.04062); Salman et al. 2019, "Provably Robust Deep Learning via
 * Adversarially Trained Smoothed Classifiers" (SmoothAdv, here with one draw of noise a step,
 * arXiv 1906.04584).
 */
import * as tf from '@tensorflow/tfjs-core';
import { type RandomStream, valuesOf } from '../engine/index.ts';
import type { Logits, Model } from '../models/index.ts';
import type { Objective, Perturb, Phase } from './fit.ts';
import { crossEntropy } from './loss.ts';
import type { SmoothedLoss } from './settings.ts';

/** What a smoothed model is trained for. */
export interface SmoothedGoal {
  /** Standard deviation of the noise, in pixel values. */
  readonly sigma: number;
  readonly loss: SmoothedLoss;
}

/** Weights of the two parts of Consistency: agreement of the draws, and entropy of their mean. */
const AGREEMENT = 10;
const ENTROPY = 0.5;
/** SmoothAdv's attack, in L2. */
const ATTACK = { eps: 1, steps: 4 };
/** Share of the training over which the attack's budget grows. */
const ATTACK_RAMP = 0.3;

/** What the weights depend on besides `goal`, for the model card. */
export const SMOOTHED_SETTINGS: Readonly<Record<SmoothedLoss, Record<string, number>>> = {
  gaussian: {},
  consistency: { agreement: AGREEMENT, entropy: ENTROPY },
  smoothadv: { attackEps: ATTACK.eps, attackSteps: ATTACK.steps },
};

/** What a phase of training for smoothing does instead of learning from the images as they are. */
export function smoothedPhase({ sigma, loss }: SmoothedGoal): Pick<Phase, 'perturb' | 'objective'> {
  if (loss === 'smoothadv') return { perturb: attackedAndNoisy(sigma) };
  const perturb: Perturb = async ({ images, stream }) => noisy(images, sigma, stream);
  return loss === 'gaussian' ? { perturb } : { perturb, objective: consistency(sigma) };
}

/** The images plus noise; not clipped, as the smoothed model's are not. */
function noisy(images: Float32Array, sigma: number, stream: RandomStream): Float32Array {
  const out = new Float32Array(images.length);
  stream.fillNormal(out, sigma);
  for (let i = 0; i < out.length; i++) out[i] += images[i];
  return out;
}

/**
 * The mean cross-entropy of two draws of noise, plus how far each draw's probabilities are from their
 * mean (Kullback-Leibler divergence), plus the entropy of that mean.
 */
function consistency(sigma: number): Objective {
  return ({ model, logits, images, targets, stream }) =>
    tf.tidy(() => {
      const noise = noisy(new Float32Array(images.size), sigma, stream.child('second'));
      const second = tf.add(images, tf.tensor4d(noise, images.shape)) as tf.Tensor4D;
      return consistencyLoss([logits, model.logits(second)], targets);
    });
}

/** @param draws logits of the same images with noise, each `[N, classes]` */
export function consistencyLoss(draws: readonly Logits[], targets: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => {
    const average = (tensors: tf.Tensor[]) => tf.div(tf.addN(tensors), draws.length);
    const logs = draws.map((logits) => tf.logSoftmax(logits));
    const mean = average(logs.map((log) => tf.exp(log)));
    const logOfMean = tf.log(tf.maximum(mean, 1e-20));
    const apart = average(logs.map((log) => tf.sum(tf.mul(mean, tf.sub(logOfMean, log)), 1)));
    const entropy = tf.neg(tf.sum(tf.mul(mean, logOfMean), 1));
    const regularizer = tf.mean(tf.add(tf.mul(apart, AGREEMENT), tf.mul(entropy, ENTROPY)));
    const usual = average(draws.map((logits) => crossEntropy(logits, targets, 1)));
    return tf.add(usual, regularizer) as tf.Scalar;
  });
}

/** Images that were moved within an L2 ball against the model on one draw of noise, plus that noise. */
function attackedAndNoisy(sigma: number): Perturb {
  return async ({ model, images, labels, progress, stream }) => {
    const noise = noisy(new Float32Array(images.length), sigma, stream);
    const eps = ATTACK.eps * Math.min(1, progress / ATTACK_RAMP);
    if (eps === 0) return noise.map((value, i) => value + images[i]);
    return valuesOf(() => {
      const shape = [labels.length, ...model.network.inputShape] as [
        number,
        number,
        number,
        number,
      ];
      const [clean, added] = [images, noise].map((values) => tf.tensor4d(values, shape));
      const found = climb(model, { clean, added, labels, eps });
      return tf.add(found, added);
    });
  };
}

/** Projected gradient ascent of the cross-entropy, with steps of fixed length. */
function climb(
  model: Model,
  at: { clean: tf.Tensor4D; added: tf.Tensor4D; labels: Int32Array; eps: number },
): tf.Tensor4D {
  const { clean, added, labels, eps } = at;
  const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), model.classes) as tf.Tensor2D;
  const gradient = tf.grad((x: tf.Tensor) =>
    crossEntropy(model.logits(tf.add(x, added) as tf.Tensor4D), targets, 1),
  );
  const lengths = (x: tf.Tensor) =>
    tf.maximum(tf.sqrt(tf.sum(tf.square(x), [1, 2, 3], true)), 1e-12);
  let x: tf.Tensor = clean;
  for (let step = 0; step < ATTACK.steps; step++) {
    const slope = gradient(x);
    const moved = tf.add(x, tf.mul(tf.div(slope, lengths(slope)), (2 * eps) / ATTACK.steps));
    const change = tf.sub(moved, clean);
    const within = tf.mul(change, tf.minimum(1, tf.div(eps, lengths(change))));
    x = tf.clipByValue(tf.add(clean, within), 0, 1);
  }
  return x as tf.Tensor4D;
}
