/**
 * Random noise of the full budget: the control that every other attack must exceed.
 *
 * Paper: none; recommended as a sanity check by Carlini et al. 2019, "On Evaluating Adversarial
 * Robustness".
 * Threat: Linf (random signs times eps), L2 and L1 (random directions of length eps); untargeted.
 * Cost: one forward pass a try; no gradients, no knowledge of the model but its answers.
 * Fails: almost always, as it should.
 */
import { gather, range, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { project } from './threat.ts';

export const noise = defineAttack({
  name: 'noise',
  about: 'random noise of the full budget: a control',
  access: 'decision',
  kind: 'search',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: [],
  options: { tries: { about: 'noises to try', default: 10, min: 1, integer: true } },
  expectedPasses: ({ tries }) => tries,
  async run({ oracle, batch, goal, threat, options }) {
    const { features } = oracle;
    const attacked = batch.images.slice();
    let active = range(batch.labels.length);
    for (let attempt = 0; attempt < options.tries && active.length > 0; attempt++) {
      for (const example of active) {
        const stream = batch.streams[example].child(`try ${attempt}`);
        const image = row(attacked, example, features);
        const original = row(batch.images, example, features);
        for (let p = 0; p < features; p++) {
          // Far outside the ball, so that projecting gives a point on its surface.
          const change =
            threat.norm === 'Linf' ? Math.sign(stream.uniform() - 0.5) : features * stream.normal();
          image[p] = original[p] + change * threat.eps;
        }
        project(threat, original, image);
      }
      const logits = await oracle.logits(gather(attacked, active, features), active);
      const classTargets = classTargetsOf(batch, goal, active);
      active = active.filter((_, i) => !reachesGoal(logits, classTargets, i));
    }
    return attacked;
  },
});
