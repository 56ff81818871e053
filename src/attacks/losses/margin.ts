/**
 * Best other logit minus the true one, or the target's minus the best other; positive exactly when
 * the goal is reached, ties apart.
 *
 * Paper: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks".
 */
import { marginClasses } from '../goals.ts';
import type { Loss } from './loss.ts';

export const margin = {
  name: 'margin',
  about: 'best other logit minus the true one',
  explanation:
    "the largest other logit minus the true class's. A difference of two logits cannot be rounded away, so this shows what a model really withstands.",
  vanishes: () => false,
  scaleInvariant: true,
  minClasses: () => 2,
  at(logits, { label, target }, gradient) {
    const { winner, loser } = marginClasses(logits, label, target);
    gradient.fill(0);
    gradient[winner] = 1;
    gradient[loser] = -1;
    return Math.fround(logits[winner] - logits[loser]);
  },
} as const satisfies Loss;
