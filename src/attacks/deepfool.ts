/**
 * DeepFool: steps to the nearest linearized decision boundary, until one is crossed.
 *
 * Paper: Moosavi-Dezfooli, Fawzi & Frossard 2016, "DeepFool: a simple and accurate method to fool
 * deep neural networks". As there a step is the shortest one to the linearized boundary with the
 * pixel range left out of account, then clipped to [0, 1]; it falls short where pixels are clipped,
 * and on MNIST networks many such steps end 8 to 10 % nearer than steps that allow for the range. In
 * L1, where such a step would move one clipped pixel forever, it is the shortest *inside* the range.
 * Unlike the paper, the last point is moved back along its way from the image by bisection.
 * Threat: minimal norm in L2, Linf, L1; targeted by stepping toward the target's boundary only.
 * Cost: each step takes one forward and backward pass for every class (targeted: one) and one
 * forward pass; then 10 forward passes.
 * Fails: it stops at the first boundary that it crosses, so its distances are upper bounds that FAB
 * and FMN undercut; on softmax outputs, whose gradient vanishes (it works on logits here).
 */
import { gather, range, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest } from './closest.ts';
import { classTargetsOf, marginClasses, reachesGoal } from './goals.ts';
import { dualNorm, stepToHyperplane } from './hyperplane.ts';
import { LINE_SEARCH_PASSES, searchLines } from './line-search.ts';
import type { Oracle } from './oracle.ts';
import { steepestStep } from './threat.ts';
import type { ClassTargets, Norm } from './types.ts';

export const deepfool = defineAttack({
  name: 'deepfool',
  about: 'steps to the nearest linearized boundary (Moosavi-Dezfooli et al. 2016)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['L2', 'Linf', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'most steps', default: 50, min: 1, integer: true },
    overshoot: { about: 'how far beyond the boundary to go', default: 0.02, above: 0 },
  },
  expectedPasses: ({ steps }, classes) => steps * classes + 1 + LINE_SEARCH_PASSES,
  async run({ oracle, batch, goal, threat, options }) {
    const { features } = oracle;
    const { norm } = threat;
    const closest = new Closest(batch, norm);
    const path = batch.images.slice();
    const beyond = batch.images.slice();
    let active = range(batch.labels.length);
    for (let step = 0; step <= options.steps && active.length > 0; step++) {
      const classTargets = classTargetsOf(batch, goal, active);
      const logits = await oracle.logits(gather(beyond, active, features));
      active = active.filter((example, i) => {
        const reached = reachesGoal(logits, classTargets, i);
        if (reached) closest.offer(example, row(beyond, example, features));
        return !reached;
      });
      if (step === options.steps) break;
      const points = gather(path, active, features);
      const nearest = await nearestBoundaries(
        oracle,
        norm,
        points,
        classTargetsOf(batch, goal, active),
      );
      active.forEach((example, i) => {
        const point = row(path, example, features);
        stepToBoundary(norm, nearest[i], point);
        const original = closest.original(example);
        const overshot = row(beyond, example, features);
        for (let p = 0; p < features; p++) {
          const far = original[p] + (1 + options.overshoot) * (point[p] - original[p]);
          overshot[p] = Math.min(1, Math.max(0, far));
        }
      });
    }
    await searchLines(oracle, classTargetsOf(batch, goal), closest, 0);
    return closest.images;
  },
});

/** A linearized decision boundary: `<normal, d> = gap` leads onto it. */
interface Boundary {
  readonly normal: Float32Array;
  readonly gap: number;
  /** Distance to it in the norm of the threat; Infinity: there is none. */
  readonly distance: number;
}

/** Moves a point to a linearized boundary, as far as the pixel range allows. */
function stepToBoundary(
  norm: Norm,
  { normal, gap, distance }: Boundary,
  point: Float32Array,
): void {
  if (distance === Number.POSITIVE_INFINITY) return;
  if (norm === 'L1') {
    const change = new Float32Array(point.length);
    stepToHyperplane(norm, point, normal, gap, change);
    for (let p = 0; p < point.length; p++) point[p] += change[p];
  } else steepestStep(norm, normal, Math.sign(gap) * distance, point);
  for (let p = 0; p < point.length; p++) point[p] = Math.min(1, Math.max(0, point[p]));
}

/** The nearest linearized boundary of each image: one forward and backward pass for each class. */
async function nearestBoundaries(
  oracle: Oracle,
  norm: Norm,
  images: Float32Array,
  { labels, targets }: ClassTargets,
): Promise<Boundary[]> {
  const { features, classes } = oracle;
  const nearest = Array.from(
    labels,
    (): Boundary => ({
      normal: new Float32Array(features),
      gap: 0,
      distance: Number.POSITIVE_INFINITY,
    }),
  );
  /** The two classes of the boundary that is considered, at one row of logits. */
  const pairOf = (i: number, scores: Float32Array, rank: number) =>
    targets
      ? marginClasses(scores, labels[i], targets[i])
      : { winner: (labels[i] + rank) % classes, loser: labels[i] };
  for (let rank = 1; rank < (targets ? 2 : classes); rank++) {
    const { logits, gradient } = await oracle.backward(images, (all) => {
      const cotangent = new Float32Array(all.length);
      for (let i = 0; i < nearest.length; i++) {
        const { winner, loser } = pairOf(i, row(all, i, classes), rank);
        cotangent[i * classes + winner] += 1;
        cotangent[i * classes + loser] -= 1;
      }
      return cotangent;
    });
    nearest.forEach((known, i) => {
      const scores = row(logits, i, classes);
      const { winner, loser } = pairOf(i, scores, rank);
      const gap = scores[loser] - scores[winner];
      const normal = row(gradient, i, features);
      const steepness = dualNorm(norm, normal);
      const distance = Math.abs(gap) / steepness;
      if (steepness > 0 && distance < known.distance) {
        nearest[i] = { normal: normal.slice(), gap, distance };
      }
    });
  }
  return nearest;
}
