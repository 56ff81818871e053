/**
 * Auto-PGD: projected ascent with momentum that halves its step, and returns to its best point, when
 * the loss no longer rises.
 *
 * Papers: Croce & Hein 2020, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
 * Diverse Parameter-free Attacks" (Linf, L2); Croce & Hein 2021, "Mind the Box" (L1: sparse steps
 * whose sparsity adapts, in balls of 3 eps, 2 eps and eps). It visits the same points as the authors'
 * code, step by step (test/attacks/reference.test.ts), but for one comparison: whether the first step
 * raised the loss is asked, as the paper says, against the starting point, there against 0.
 * Threat: Linf, L2, L1; untargeted and targeted.
 * Cost: at most (steps + 1) x restarts forward and backward passes (L1: two more a restart).
 * Fails: it needs about 100 steps for its schedule to work; with cross-entropy, where a distilled
 * model's gradient has vanished.
 */
import { range } from '../arrays.ts';
import { passesOfRun, restarts, runFromRandomStarts, steps } from './apgd-run.ts';
import { defineAttack } from './attack.ts';
import { anyLoss } from './losses/registry.ts';

export const apgd = defineAttack({
  name: 'apgd',
  about: 'PGD that chooses its own steps (Croce & Hein 2020)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: anyLoss('dlr'),
  options: { steps, restarts },
  expectedPasses: (options, _, threat) => options.restarts * passesOfRun(options.steps, threat),
  async run({ options, ...input }) {
    const attacked = input.batch.images.slice();
    let active = range(input.batch.labels.length);
    for (let restart = 0; restart < options.restarts && active.length > 0; restart++) {
      const run = { steps: options.steps, label: `start ${restart}` };
      active = await runFromRandomStarts(input, active, run, attacked);
    }
    return attacked;
  },
});
