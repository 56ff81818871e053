/**
 * Output diversified initialization: each run first climbs a random combination of the logits, then
 * the loss by projected gradient descent. Random pixels change the logits little; these starts differ
 * in what the model answers.
 *
 * Paper: Tashiro, Song & Ermon 2020, "Diversity can be Transferred: Output Diversification for White-
 * and Black-box Attacks", section 3.2.
 * Threat: Linf, L2, L1; untargeted and targeted.
 * Cost: at most restarts x (diversify + steps) forward and backward passes, less for images on which
 * it succeeds early.
 * Fails: as `pgd` does where the gradient is zero or random.
 */
import { gather, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { ascend, sparsityOption, stepOptions } from './gradient-ascent.ts';
import { anyLoss } from './losses/registry.ts';
import { stepWithin } from './threat.ts';

export const odi = defineAttack({
  name: 'odi',
  about: 'projected gradient descent from starts of diverse logits (Tashiro et al. 2020)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: anyLoss('margin'),
  options: {
    ...stepOptions(20, 2.5),
    restarts: { about: 'starts', default: 10, min: 1, integer: true },
    diversify: { about: 'steps before each run, of length eps', default: 2, min: 1, integer: true },
    sparsity: sparsityOption,
  },
  expectedPasses: ({ steps, restarts, diversify }) => restarts * (diversify + steps + 1) - 1,
  run({ oracle, batch, goal, threat, loss, options }) {
    const { features, classes } = oracle;
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
      async moveStarts(points, examples, restart) {
        const originals = gather(batch.images, examples, features);
        const combination = new Float32Array(examples.length * classes);
        examples.forEach((example, i) => {
          const stream = batch.streams[example].child(`logits ${restart}`);
          row(combination, i, classes).set(
            Float32Array.from({ length: classes }, () => 2 * stream.uniform() - 1),
          );
        });
        for (let step = 0; step < options.diversify; step++) {
          const { gradient } = await oracle.backward(points, () => combination);
          examples.forEach((_, i) => {
            const point = row(points, i, features);
            const slope = row(gradient, i, features);
            const original = row(originals, i, features);
            stepWithin(threat, original, slope, threat.eps, point, options.sparsity);
          });
        }
      },
    });
  },
});
