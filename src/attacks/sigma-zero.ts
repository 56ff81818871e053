/**
 * Sigma-zero: descent on the margin and on a smooth count of the changed features, while changes
 * below a threshold are set to 0; the threshold rises while the image is adversarial.
 *
 * Paper: Cinà, Villani, Pintor, Schönherr, Biggio & Pelillo 2024, "σ-zero: Gradient-based
 * Optimization of ℓ0-norm Adversarial Examples". The count is the sum of d² / (d² + sigma) over the
 * changes d, divided by the number of features; as in the authors' code its slope and the margin's,
 * divided by their largest entry, go through Adam, whose step falls to a tenth along a cosine.
 * Threat: minimal L0; untargeted and targeted.
 * Cost: one forward pass, then `steps` forward and backward passes.
 * Fails: where the logits' gradient is zero or random; with few steps, which leave too many features
 * changed.
 */
import { gather, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest, unreached } from './closest.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** Share of the first step that the last one has. */
const LAST_STEP = 0.1;
/** By how much the threshold moves after each step, for each unit of the step size. */
const THRESHOLD_RATE = 0.01;

export const sigmaZero = defineAttack({
  name: 'sigma-zero',
  about: 'descent on margin and a smooth count of changed features (Cinà et al. 2024)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['L0'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'gradient steps', default: 300, min: 1, integer: true },
    stepSize: { about: "Adam's first step, in pixel values", default: 1, above: 0 },
    sigma: { about: 'smoothness of the count of changed features', default: 0.001, above: 0 },
    threshold: { about: 'first threshold, in pixel values', default: 0.3, above: 0, max: 1 },
  },
  expectedPasses: ({ steps }) => steps + 1,
  async run({ oracle, batch, goal, loss, options }) {
    const { features } = oracle;
    const { steps, sigma } = options;
    const closest = new Closest(batch, 'L0');
    const open = await unreached(oracle, batch, goal, closest);
    const classTargets = classTargetsOf(batch, goal, open);
    const points = gather(batch.images, open, features);
    const mean = new Float32Array(points.length);
    const square = new Float32Array(points.length);
    const thresholds = new Float64Array(open.length).fill(options.threshold);
    const stepSizeAt = (step: number) =>
      options.stepSize *
      (LAST_STEP + ((1 - LAST_STEP) * (1 + Math.cos((Math.PI * step) / steps))) / 2);
    for (let step = 0; step < steps && open.length > 0; step++) {
      const { logits, gradient } = await oracle.lossGradients(loss, points, classTargets);
      const rate = stepSizeAt(step) / (1 - BETA1 ** (step + 1));
      const correction = 1 / (1 - BETA2 ** (step + 1));
      open.forEach((example, i) => {
        const point = row(points, i, features);
        const original = closest.original(example);
        const slope = row(gradient, i, features);
        const isReached = reachesGoal(logits, classTargets, i);
        if (isReached) closest.offer(example, point);
        let peak = 0;
        for (let p = 0; p < features; p++) {
          const change = point[p] - original[p];
          const count = (2 * change * sigma) / (change * change + sigma) ** 2 / features;
          slope[p] = count - (isReached ? 0 : slope[p]);
          peak = Math.max(peak, Math.abs(slope[p]));
        }
        thresholds[i] += (isReached ? 1 : -1) * THRESHOLD_RATE * stepSizeAt(step + 1);
        thresholds[i] = Math.min(1, Math.max(0, thresholds[i]));
        for (let p = 0; p < features; p++) {
          const at = i * features + p;
          const g = peak > 0 ? slope[p] / peak : 0;
          mean[at] = BETA1 * mean[at] + (1 - BETA1) * g;
          square[at] = BETA2 * square[at] + (1 - BETA2) * g * g;
          const moved =
            point[p] - (rate * mean[at]) / (Math.sqrt(square[at] * correction) + EPSILON);
          const clipped = Math.min(1, Math.max(0, moved));
          point[p] = Math.abs(clipped - original[p]) < thresholds[i] ? original[p] : clipped;
        }
      });
    }
    return closest.images;
  },
});
