/**
 * Difference of logits ratio: (z_other - z_y) / (z_1st - z_3rd), with a target
 * (z_t - z_y) / (z_1st - (z_3rd + z_4th) / 2): neither adding to the logits nor multiplying them
 * changes it. Positive exactly when the goal is reached, ties apart.
 *
 * Paper: Croce & Hein 2020, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
 * Diverse Parameter-free Attacks".
 */
import { largest } from '../../arrays.ts';
import type { Loss } from './loss.ts';

/** Keeps the denominator from 0, as in the authors' code. */
const GUARD = 1e-12;

export const dlr = {
  name: 'dlr',
  about: 'difference of logits ratio',
  explanation:
    'the same difference as margin, divided by the spread of the logits, so that their scale does not matter.',
  vanishes: () => false,
  scaleInvariant: true,
  minClasses: (targeted) => (targeted ? 4 : 3),
  at(logits, { label, target }, gradient) {
    const order = largest(logits, target === undefined ? 3 : 4);
    const winner = target ?? (order[0] === label ? order[1] : order[0]);
    const low = target === undefined ? [order[2], order[2]] : [order[2], order[3]];
    const numerator = logits[winner] - logits[label];
    const denominator = logits[order[0]] - (logits[low[0]] + logits[low[1]]) / 2 + GUARD;
    const slope = -numerator / (denominator * denominator);
    gradient.fill(0);
    gradient[winner] += 1 / denominator;
    gradient[label] -= 1 / denominator;
    gradient[order[0]] += slope;
    for (const index of low) gradient[index] -= slope / 2;
    return Math.fround(numerator / denominator);
  },
} as const satisfies Loss;
