/**
 * Basic iterative method: FGSM in small steps from the image itself.
 *
 * Paper: Kurakin, Goodfellow & Bengio 2017, "Adversarial Examples in the Physical World", whose
 * steps add up to at most 1.25 eps.
 * Threat: Linf, L2; untargeted and targeted.
 * Cost: at most `steps` forward and backward passes.
 * Fails: where the gradient at the image itself is zero, since it always starts there; PGD does not.
 */
import { defineAttack } from './attack.ts';
import { ascend } from './gradient-ascent.ts';
import { anyLoss } from './losses/registry.ts';

export const bim = defineAttack({
  name: 'bim',
  about: 'FGSM in small steps (Kurakin et al. 2017)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'fixed',
  random: false,
  norms: ['Linf', 'L2'],
  goals: ['untargeted', 'targeted'],
  losses: anyLoss('margin'),
  options: {
    steps: { about: 'gradient steps', default: 10, min: 1, integer: true },
    stepSize: {
      about: 'length of a step in the norm of the threat (1.25 eps / steps)',
      default: ({ eps }, { steps }) => (1.25 * eps) / steps,
      min: 0,
    },
  },
  expectedPasses: ({ steps }) => steps,
  run({ oracle, batch, goal, threat, loss, options }) {
    return ascend({
      oracle,
      batch,
      goal,
      threat,
      loss,
      ...options,
      restarts: 1,
      randomStart: false,
      momentum: 0,
      sparsity: 0,
      confidence: 0,
    });
  },
});
