/**
 * Certified training: what is minimized is a bound of the loss over all images within a budget.
 *
 * Papers: Gowal et al. 2018 (IBP, arXiv 1810.12715); Shi et al. 2021, "Fast Certified Robust Training
 * with Short Warmup" (the initialization, arXiv 2103.17268); De Palma et al. 2024, "Expressive Losses
 * for Verified Robustness via Convex Combinations" (MTL-IBP, arXiv 2305.13991). `crown-ibp.ts` and
 * `sabr.ts` name theirs.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../engine/index.ts';
import { initialWeights, type Logits, type Network, type Weight } from '../models/index.ts';
import { adversarialImages } from './adversarial.ts';
import { linearShareAt, mixedWorstLogits } from './crown-ibp.ts';
import type { Objective, Phase } from './fit.ts';
import { worstLogits } from './interval-logits.ts';
import { crossEntropy } from './loss.ts';
import { smallBoxCenters } from './sabr.ts';
import type { CertifiedLoss } from './settings.ts';

/** What is trained to be certified, in Linf. */
export interface CertifiedGoal {
  /** Budget at which the model is to be certified, in pixel values [0, 1]. */
  readonly eps: number;
  readonly loss: CertifiedLoss;
  /** Share of the ordinary loss when the budget is whole, in [0, 1). */
  readonly share: number;
  /** Of `sabr`: the radius of a small box as a share of the budget, in (0, 1]; absent: the default. */
  readonly boxShare?: number;
}

/** Share of the training over which budget and bound come in. */
const RAMP = 0.5;
/** Share over which the learning rate grows from 0. */
const RATE_WARM_UP = 0.02;
/** How far the training's budget exceeds the goal's, up to a budget of `FULL_MARGIN_FROM`. */
const MARGIN = 0.05;
const FULL_MARGIN_FROM = 0.1;

/** The budget of training: a little above the one that is certified, where the bounds must still hold. */
export function trainingEps(eps: number): number {
  return Math.min(1, eps + MARGIN * Math.min(1, eps / FULL_MARGIN_FROM));
}

/** Share of the budget, in [0, 1]. */
export const rampAt = (progress: number): number => Math.min(1, progress / RAMP);

/** Constant while the budget grows, then half a cosine down to 0. */
export function certifiedRateAt(progress: number): number {
  const decay = Math.max(0, progress - RAMP) / (1 - RAMP);
  return Math.min(1, progress / RATE_WARM_UP, 0.5 * (1 + Math.cos(Math.PI * decay)));
}

/** Gradient steps of the attack of MTL-IBP. */
const MTL_STEPS = 1;

/** What a phase of certified training learns from and minimizes, and at which rate. */
export function certifiedPhase(
  goal: Required<CertifiedGoal>,
): Pick<Phase, 'perturb' | 'objective' | 'rateAt'> {
  const eps = trainingEps(goal.eps);
  const phase = { objective: certifiedObjective(goal), rateAt: certifiedRateAt };
  switch (goal.loss) {
    case 'ibp':
    case 'crown-ibp':
      return phase;
    case 'mtl-ibp':
      return { ...phase, perturb: adversarialImages({ eps, steps: MTL_STEPS }, rampAt) };
    case 'sabr':
      return { ...phase, perturb: smallBoxCenters(eps, goal.boxShare, rampAt) };
  }
}

/** The share of the ordinary loss, then of the bounded one: from all to nothing but `share`. */
export function certifiedObjective({
  eps,
  loss,
  share,
  boxShare,
}: Required<CertifiedGoal>): Objective {
  return ({ model, logits, shown, images, labels, targets, progress }) => {
    const ramp = rampAt(progress);
    const ordinary = 1 - (1 - share) * ramp;
    const isSmall = loss === 'sabr';
    const center = isSmall ? shown : images;
    const reach = trainingEps(eps) * ramp * (isSmall ? boxShare : 1);
    return tf.tidy(() => {
      const box = {
        lower: tf.clipByValue(tf.sub(center, reach), 0, 1),
        upper: tf.clipByValue(tf.add(center, reach), 0, 1),
      };
      const bounds =
        loss === 'crown-ibp'
          ? mixedWorstLogits(model, box, labels, linearShareAt(ramp))
          : worstLogits(model, box, labels);
      const worst = crossEntropy(bounds as Logits, targets, 1);
      const usual = crossEntropy(logits, targets, 1);
      return tf.add(tf.mul(usual, ordinary), tf.mul(worst, 1 - ordinary)) as tf.Scalar;
    });
  };
}

/**
 * Weights with which interval bounds neither grow nor shrink from layer to layer: normal with the
 * standard deviation sqrt(2 pi) / fan-in (Shi et al. 2021, section 3.1).
 */
export function intervalWeights(network: Network, stream: RandomStream): Weight[] {
  return initialWeights(network, 1, stream).map(({ spec, values }) => {
    if (spec.role !== 'kernel') return { spec, values };
    const own = stream.child(`interval/${spec.name}`);
    const deviation = Math.sqrt(2 * Math.PI) / spec.fanIn;
    return { spec, values: values.map(() => deviation * own.normal()) };
  });
}
