/**
 * Projected gradient descent from random starts.
 *
 * Paper: Madry, Makelov, Schmidt, Tsipras & Vladu 2018, "Towards Deep Learning Models Resistant to
 * Adversarial Attacks"; in L1 with the sparse steps of Tramèr & Boneh 2019 and the exact projection
 * onto ball and box of Croce & Hein 2021.
 * Threat: Linf, L2, L1; untargeted and targeted.
 * Cost: at most steps x restarts forward and backward passes, less for images on which it succeeds early.
 * Fails: with a fixed step too large or too small for the budget, on losses whose gradient has
 * vanished, and at local maxima, which restarts find out.
 */
import { defineAttack } from './attack.ts';
import { ascend, sparsityOption, stepOptions } from './gradient-ascent.ts';
import { anyLoss } from './losses/registry.ts';

export const pgd = defineAttack({
  name: 'pgd',
  about: 'projected gradient descent with random starts (Madry et al. 2018)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: anyLoss('margin'),
  options: {
    ...stepOptions(40, 2.5),
    restarts: { about: 'random starts', default: 1, min: 1, integer: true },
    sparsity: sparsityOption,
  },
  expectedPasses: ({ steps, restarts }) => restarts * (steps + 1) - 1,
  run({ oracle, batch, goal, threat, loss, options }) {
    return ascend({
      oracle,
      batch,
      goal,
      threat,
      loss,
      ...options,
      randomStart: true,
      momentum: 0,
      confidence: 0,
    });
  },
});
