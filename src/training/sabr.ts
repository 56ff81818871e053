/**
 * SABR: interval bounds of a small box within the budget, around the image that an attack finds there,
 * instead of bounds of the whole budget, which are looser than the worst case.
 *
 * Paper: Mueller et al. 2023, "Certified Training: Small Boxes are All You Need" (arXiv 2210.04871). The
 * box has the radius lambda eps; its center is moved by PGD with 8 steps, at most (1 - lambda) eps from
 * the image, so that the box stays within the budget. With lambda = 1 it is IBP.
 * Cost: 8 forward and backward passes more than IBP. What it trains is bounded less tightly by intervals
 * than what IBP trains: proofs take CROWN, or branch and bound, more often.
 */
import { adversarialImages } from './adversarial.ts';
import type { Perturb } from './fit.ts';

/** Gradient steps of the attack. */
const STEPS = 8;

/**
 * Replaces the images by the centers of their boxes.
 *
 * @param eps the whole budget, in pixel values
 * @param boxShare lambda, in (0, 1]
 * @param ramp share of the budget by the share of the training that is done
 */
export function smallBoxCenters(
  eps: number,
  boxShare: number,
  ramp: (progress: number) => number,
): Perturb {
  return adversarialImages({ eps: (1 - boxShare) * eps, steps: STEPS }, ramp);
}
