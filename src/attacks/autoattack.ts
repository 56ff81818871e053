/**
 * AutoAttack, the standard ensemble: APGD on cross-entropy, APGD on the targeted DLR loss, FAB
 * target by target, Square; each takes on what the ones before it left standing.
 *
 * Paper: Croce & Hein 2020, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
 * Diverse Parameter-free Attacks". No knobs, on purpose.
 * Threat: Linf, L2; untargeted.
 * Cost: for an example that stands, 101 + 9 x 101 + 9 x 200 gradient steps and 5,000 queries.
 * Fails: against random or adaptive defenses, of which the evaluation's flags warn.
 */
import { apgd, apgdT } from './apgd.ts';
import { gather, range, reachesGoal, row } from './batch.ts';
import { fab } from './fab.ts';
import { classTargetsOf } from './oracle.ts';
import { planAttack } from './run.ts';
import { square } from './square.ts';
import { isWithin } from './threat.ts';
import { type Attack, defineAttack, type LossName } from './types.ts';

const APGD_T_CLASSES = 4;

export const autoattack = defineAttack({
  name: 'autoattack',
  about: 'the standard ensemble of four attacks (Croce & Hein 2020)',
  access: 'gradient',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2'],
  goals: ['untargeted'],
  losses: [],
  options: {},
  run({ oracle, examples, goal, threat }) {
    const { features, classes } = oracle;
    const attacked = examples.images.slice();
    const targetedLoss: LossName = classes >= APGD_T_CLASSES ? 'dlr' : 'margin';
    const stages: { attack: Attack; loss?: LossName; options?: Record<string, number> }[] = [
      { attack: apgd, loss: 'logits', options: { steps: 100 } },
      { attack: apgdT, loss: targetedLoss, options: { steps: 100, targets: 9 } },
      { attack: fab, options: { steps: 100, targets: 9 } },
      { attack: square, options: { queries: 5000 } },
    ];
    let active = range(examples.labels.length);
    for (const { attack, ...choices } of stages) {
      if (active.length === 0) break;
      const plan = planAttack(attack, { ...threat, ...choices });
      const images = attack.run({
        oracle,
        examples: {
          images: gather(examples.images, active, features),
          labels: Int32Array.from(active, (example) => examples.labels[example]),
          streams: active.map((example) => examples.streams[example].child(attack.name)),
        },
        goal,
        threat: plan.threat,
        loss: plan.loss ?? 'margin',
        options: plan.options,
      });
      const logits = oracle.logits(images);
      const subjects = classTargetsOf(examples, goal, active);
      active = active.filter((example, i) => {
        const candidate = row(images, i, features);
        const legal = isWithin(threat, row(examples.images, example, features), candidate);
        if (legal) row(attacked, example, features).set(candidate);
        return !(legal && reachesGoal(logits, subjects, i));
      });
    }
    return attacked;
  },
});
