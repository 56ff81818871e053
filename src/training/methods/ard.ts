/**
 * ARD: the student learns from attacked images what a robust teacher answers to the images as they
 * are.
 *
 * Paper: Goldblum et al. 2020, "Adversarially Robust Distillation". Loss: KL(T(x) || S(x')) at
 * temperature T, their alpha being 1, without the factor T^2, which scales the whole loss; inner
 * maximization: cross-entropy against the labels, by PGD.
 * Cost: that of PGD training.
 */
import { adversarialImages } from '../adversarial.ts';
import type { TrainingMethod } from './method.ts';

export const ard = {
  phase: (adversary) => ({ perturb: adversarialImages(adversary) }),
} as const satisfies TrainingMethod;
