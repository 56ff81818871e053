/**
 * Momentum iterative FGSM.
 *
 * Paper: Dong et al. 2018, "Boosting Adversarial Attacks with Momentum": gradients, each divided by
 * its L1 norm, add up with decay 1, and steps of eps / steps follow the sum.
 * Threat: Linf, L2; untargeted and targeted.
 * Cost: at most `steps` forward and backward passes.
 * Fails: as BIM does; the momentum helps transfer more than it helps a white-box attack.
 */
import { defineAttack } from './attack.ts';
import { ascend } from './gradient-ascent.ts';
import { anyLoss } from './losses/registry.ts';

export const miFgsm = defineAttack({
  name: 'mi-fgsm',
  about: 'iterated FGSM with momentum (Dong et al. 2018)',
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
      about: 'length of a step in the norm of the threat (eps / steps)',
      default: ({ eps }, { steps }) => eps / steps,
      min: 0,
    },
    decay: { about: 'share of the accumulated gradient that is kept', default: 1, min: 0, max: 1 },
  },
  expectedPasses: ({ steps }) => steps,
  run({ oracle, batch, goal, threat, loss, options: { steps, stepSize, decay } }) {
    return ascend({
      oracle,
      batch,
      goal,
      threat,
      loss,
      steps,
      stepSize,
      restarts: 1,
      randomStart: false,
      momentum: decay,
      sparsity: 0,
      confidence: 0,
    });
  },
});
