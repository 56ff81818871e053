/**
 * Decoupled direction and norm: gradient steps whose direction is kept while the length of the
 * change shrinks by a factor where the image is adversarial and grows by one where it is not.
 *
 * Paper: Rony, Hafemann, Oliveira, Ben Ayed, Sabourin & Granger 2019, "Decoupling Direction and Norm
 * for Efficient Gradient-Based L2 Adversarial Attacks and Defenses". There the loss is cross-entropy;
 * here the margin is the default, whose gradient does not vanish.
 * Threat: minimal norm in L2; untargeted and targeted.
 * Cost: one forward pass, then steps + 1 forward and backward passes.
 * Fails: where the gradient of the loss is zero or random; few steps leave distances a little too
 * long.
 */
import { gather, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest, unreached } from './closest.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { anyLoss } from './losses/registry.ts';
import { distance, steepestStep } from './threat.ts';

/** Share of the first step that the last one has, as in the paper. */
const LAST_STEP = 0.01;

export const ddn = defineAttack({
  name: 'ddn',
  about: 'changes direction and length of the change apart (Rony et al. 2019)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['L2'],
  goals: ['untargeted', 'targeted'],
  losses: anyLoss('margin'),
  options: {
    steps: { about: 'gradient steps', default: 100, min: 1, integer: true },
    stepSize: { about: 'L2 length of the first step, in pixel values', default: 1, above: 0 },
    gamma: { about: 'relative change of the length at each step', default: 0.05, above: 0, max: 1 },
    firstLength: { about: 'L2 length of the first change', default: 1, above: 0 },
  },
  expectedPasses: ({ steps }) => steps + 2,
  async run({ oracle, batch, goal, loss, options }) {
    const { features } = oracle;
    const { steps, gamma } = options;
    const closest = new Closest(batch, 'L2');
    const open = await unreached(oracle, batch, goal, closest);
    const classTargets = classTargetsOf(batch, goal, open);
    const points = gather(batch.images, open, features);
    const lengths = new Float64Array(open.length).fill(options.firstLength);
    for (let step = 0; step <= steps && open.length > 0; step++) {
      const { logits, gradient } = await oracle.lossGradients(loss, points, classTargets);
      const share = (1 + Math.cos((Math.PI * step) / steps)) / 2;
      const stepSize = options.stepSize * (LAST_STEP + (1 - LAST_STEP) * share);
      open.forEach((example, i) => {
        const point = row(points, i, features);
        const original = closest.original(example);
        const isReached = reachesGoal(logits, classTargets, i);
        if (isReached) closest.offer(example, point);
        if (step === steps) return;
        // The paper starts with the first length; only then does it follow the answers.
        if (step > 0) lengths[i] *= isReached ? 1 - gamma : 1 + gamma;
        steepestStep('L2', row(gradient, i, features), stepSize, point);
        const away = distance('L2', original, point);
        const scale = away > 0 ? lengths[i] / away : 0;
        for (let p = 0; p < features; p++) {
          point[p] = Math.min(1, Math.max(0, original[p] + scale * (point[p] - original[p])));
        }
      });
    }
    return closest.images;
  },
});
