/**
 * AutoAttack, the standard ensemble: APGD on cross-entropy, APGD on the targeted DLR loss, FAB
 * target by target, Square; each attacks the examples on which those before it did not
 * succeed.
 *
 * Paper: Croce & Hein 2020, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
 * Diverse Parameter-free Attacks". No options, on purpose.
 * Threat: Linf, L2; untargeted.
 * Cost: for an example that stays correct, 101 + 9 x 101 + 9 x 200 gradient steps and 5,000 queries.
 * Fails: against random or adaptive defenses, of which the evaluation's flags warn.
 */
import { range, row } from '../arrays.ts';
import { apgd } from './apgd.ts';
import { apgdT } from './apgd-t.ts';
import { defineAttack } from './attack.ts';
import { gatherExamples } from './examples.ts';
import { fab } from './fab.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { lossNamed } from './losses/registry.ts';
import { type AttackPlan, planAttack } from './plan.ts';
import { square } from './square.ts';
import { isWithin } from './threat.ts';
import type { Threat } from './types.ts';

/** The attacks, each with the authors' settings; with few classes, where DLR is not defined, margin. */
function stagesOf(threat: Threat, classes: number): AttackPlan[] {
  const targetedLoss = classes >= lossNamed('dlr').minClasses(true) ? 'dlr' : 'margin';
  return [
    planAttack(apgd, { ...threat, loss: 'logits', options: { steps: 100 } }),
    planAttack(apgdT, { ...threat, loss: targetedLoss, options: { steps: 100, targets: 9 } }),
    planAttack(fab, { norm: threat.norm, options: { steps: 100, targets: 9 } }),
    planAttack(square, { ...threat, options: { queries: 5000 } }),
  ];
}

export const autoattack = defineAttack({
  name: 'autoattack',
  about: 'the standard ensemble of four attacks (Croce & Hein 2020)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2'],
  goals: ['untargeted'],
  losses: [],
  options: {},
  expectedPasses: (_, classes, threat) =>
    stagesOf(threat, classes)
      .map(({ attack, options, threat }) => 1 + attack.expectedPasses(options, classes, threat))
      .reduce((a, b) => a + b, 0),
  async run({ oracle, batch, goal, threat }) {
    const { features, classes } = oracle;
    const attacked = batch.images.slice();
    let active = range(batch.labels.length);
    for (const plan of stagesOf(threat, classes)) {
      if (active.length === 0) break;
      const { attack } = plan;
      const left = gatherExamples(batch, active, features);
      const images = await attack.run({
        oracle,
        batch: { ...left, streams: left.streams.map((stream) => stream.child(attack.name)) },
        goal,
        threat: plan.threat,
        loss: plan.loss ?? 'margin',
        options: plan.options,
      });
      const logits = await oracle.logits(images);
      const classTargets = classTargetsOf(batch, goal, active);
      active = active.filter((example, i) => {
        const candidate = row(images, i, features);
        const legal = isWithin(threat, row(batch.images, example, features), candidate);
        if (legal) row(attacked, example, features).set(candidate);
        return !(legal && reachesGoal(logits, classTargets, i));
      });
    }
    return attacked;
  },
});
