/**
 * Fast minimum-norm attack: gradient steps inside a ball whose radius shrinks while the image is
 * adversarial and grows while it is not.
 *
 * Paper: Pintor, Roli, Brendel & Biggio 2021, "Fast Minimum-norm Adversarial Attacks through
 * Adaptive Norm Constraints" (the successor of Rony et al. 2019, DDN, and the same in L2).
 * Threat: minimal norm in Linf, L2, L1, L0; untargeted and targeted.
 * Cost: steps + 1 forward and backward passes.
 * Fails: where the logits' gradient is zero or random; few steps leave distances a little too long.
 */
import { range, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest } from './closest.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { dualNorm } from './hyperplane.ts';
import { distance, project } from './threat.ts';

/** Last values of the cosine schedules of the step and of the change of the radius. */
const LAST_STEP = 1e-5;
const LAST_GAMMA = 1e-4;

export const fmn = defineAttack({
  name: 'fmn',
  about: 'shrinks the ball while the image is adversarial (Pintor et al. 2021)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['L2', 'Linf', 'L1', 'L0'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin', 'dlr', 'logits'],
  options: {
    steps: { about: 'gradient steps', default: 100, min: 1, integer: true },
    stepSize: { about: 'L2 length of the first step, in pixel values', default: 1, min: 0 },
    gamma: { about: 'first relative change of the radius', default: 0.05, min: 0, max: 1 },
  },
  expectedPasses: ({ steps }) => steps + 1,
  run({ oracle, batch, goal, threat, loss, options }) {
    const { features } = oracle;
    const { norm } = threat;
    const { steps } = options;
    const count = batch.labels.length;
    const classTargets = classTargetsOf(batch, goal);
    const closest = new Closest(batch, norm);
    const points = batch.images.slice();
    const radius = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    for (let step = 0; step <= steps; step++) {
      const share = (1 + Math.cos((Math.PI * step) / steps)) / 2;
      const stepSize = LAST_STEP + (options.stepSize - LAST_STEP) * share;
      const gamma = LAST_GAMMA + (options.gamma - LAST_GAMMA) * share;
      const { logits, gradient, values } = oracle.lossGradients(loss, points, classTargets);
      for (const example of range(count)) {
        const point = row(points, example, features);
        const original = closest.original(example);
        const slope = row(gradient, example, features);
        const away = distance(norm, original, point);
        const isReached = reachesGoal(logits, classTargets, example);
        if (isReached) closest.offer(example, point);
        if (step === steps || closest.distances[example] === 0) continue;
        if (isReached) {
          radius[example] = Math.min(radius[example], closest.distances[example]) * (1 - gamma);
          if (norm === 'L0') radius[example] = Math.floor(radius[example]);
        } else if (closest.found(example)) {
          radius[example] *= 1 + gamma;
          if (norm === 'L0') radius[example] = Math.ceil(radius[example]);
        } else {
          // Not over the boundary yet: the radius at which the linearized loss is 0.
          const steepness = norm === 'L0' ? 0 : dualNorm(norm, slope);
          const missing = steepness > 0 ? Math.abs(values[example]) / steepness : Infinity;
          radius[example] = away + missing;
        }
        const length = dualNorm('L2', slope);
        if (length === 0) continue;
        for (let p = 0; p < features; p++) point[p] += (stepSize / length) * slope[p];
        const eps = norm === 'L0' ? Math.min(features, radius[example]) : radius[example];
        if (Number.isFinite(eps)) project({ norm, eps }, original, point);
        else for (let p = 0; p < features; p++) point[p] = Math.min(1, Math.max(0, point[p]));
      }
    }
    return closest.images;
  },
});
