/**
 * Fast adversarial training: one step of 1.25 eps from a random start, instead of many small ones.
 *
 * Paper: Wong, Rice & Kolter 2020, "Fast is better than free: Revisiting adversarial training". Loss: the
 * cross-entropy of attacked images.
 * Cost: one forward and one backward pass more than ordinary training.
 */
import { adversarialImages } from '../adversarial.ts';
import type { TrainingMethod } from './method.ts';

export const fast = {
  phase: ({ eps }) => ({ perturb: adversarialImages({ eps, steps: 1 }) }),
} as const satisfies TrainingMethod;
