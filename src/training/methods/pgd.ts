/**
 * PGD adversarial training: the cross-entropy of attacked images.
 *
 * Paper: Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial Attacks".
 * Cost: `steps` forward and backward passes more than ordinary training.
 */
import { adversarialImages } from '../adversarial.ts';
import type { TrainingMethod } from './method.ts';

export const pgd = {
  phase: (adversary) => ({ perturb: adversarialImages(adversary) }),
} as const satisfies TrainingMethod;
