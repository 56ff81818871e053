/**
 * Auto-PGD on the targeted DLR loss, toward each of the runners-up in turn.
 *
 * Papers: Croce & Hein 2020, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
 * Diverse Parameter-free Attacks"; in L1 Croce & Hein 2021, "Mind the Box". Its runs are those of
 * `apgd`.
 * Threat: Linf, L2, L1; untargeted, through targets.
 * Cost: 1 forward pass, then at most (steps + 1) x restarts x targets forward and backward passes
 * (L1: two more a run).
 * Fails: as `apgd` does; the targeted DLR loss needs four classes.
 */
import { range } from '../arrays.ts';
import { passesOfRun, restarts, runFromRandomStarts, steps } from './apgd-run.ts';
import { defineAttack } from './attack.ts';
import { runnersUp } from './runners-up.ts';

export const apgdT = defineAttack({
  name: 'apgd-t',
  about: 'APGD on the targeted DLR loss, runner-up by runner-up (Croce & Hein 2020)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted'],
  losses: ['dlr', 'margin'],
  aimsAtClasses: true,
  options: {
    steps,
    restarts,
    targets: { about: 'how many runners-up to aim at', default: 9, min: 1, integer: true },
  },
  expectedPasses: ({ targets, ...options }, classes, threat) =>
    1 + Math.min(targets, classes - 1) * options.restarts * passesOfRun(options.steps, threat),
  async run({ options, ...input }) {
    const { oracle, batch } = input;
    const attacked = batch.images.slice();
    const order = await runnersUp(oracle, batch);
    let active = range(batch.labels.length);
    const targets = Math.min(options.targets, oracle.classes - 1);
    for (let rank = 0; rank < targets; rank++) {
      for (let restart = 0; restart < options.restarts && active.length > 0; restart++) {
        const run = {
          steps: options.steps,
          label: `target ${rank} start ${restart}`,
          aims: active.map((example) => order[example][rank]),
        };
        active = await runFromRandomStarts(input, active, run, attacked);
      }
    }
    return attacked;
  },
});
