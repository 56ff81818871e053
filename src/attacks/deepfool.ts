/**
 * DeepFool: steps to the nearest face of the linearized decision region, until over it.
 *
 * Paper: Moosavi-Dezfooli, Fawzi & Frossard 2016, "DeepFool: a simple and accurate method to fool
 * deep neural networks". Here each step is the nearest point of the hyperplane *inside* [0, 1], so
 * that clipping does not undo it.
 * Threat: minimal norm in L2, Linf, L1; targeted by stepping toward the target's face only.
 * Cost: each step takes one forward and backward pass for every class (targeted: one).
 * Fails: it stops at the first point over the boundary, so its distances are upper bounds that FAB
 * and FMN undercut; on softmax outputs, whose gradient vanishes (it works on logits here).
 */
import { argmaxExcept, gather, range, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest } from './closest.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { dualNorm, stepToHyperplane } from './hyperplane.ts';
import type { Oracle } from './oracle.ts';
import type { Norm } from './types.ts';

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
    overshoot: { about: 'how far beyond the boundary to go', default: 0.02, min: 0 },
  },
  expectedPasses: ({ steps }, classes) => steps * classes + 1,
  run({ oracle, batch, goal, threat, options }) {
    const { features } = oracle;
    const { norm } = threat;
    const closest = new Closest(batch, norm);
    const path = batch.images.slice();
    const beyond = batch.images.slice();
    const change = new Float32Array(features);
    let active = range(batch.labels.length);
    for (let step = 0; step <= options.steps && active.length > 0; step++) {
      const classTargets = classTargetsOf(batch, goal, active);
      const logits = oracle.logits(gather(beyond, active, features));
      active = active.filter((example, i) => {
        const reached = reachesGoal(logits, classTargets, i);
        if (reached) closest.offer(example, row(beyond, example, features));
        return !reached;
      });
      if (step === options.steps) break;
      const faces = nearestFaces(oracle, gather(path, active, features), {
        norm,
        ...classTargetsOf(batch, goal, active),
      });
      active.forEach((example, i) => {
        const point = row(path, example, features);
        const { normal, gap } = faces[i];
        stepToHyperplane(norm, point, normal, gap, change);
        const original = closest.original(example);
        const overshot = row(beyond, example, features);
        for (let p = 0; p < features; p++) {
          point[p] = Math.min(1, Math.max(0, point[p] + change[p]));
          const far = original[p] + (1 + options.overshoot) * (point[p] - original[p]);
          overshot[p] = Math.min(1, Math.max(0, far));
        }
      });
    }
    return closest.images;
  },
});

/** A face of the linearized decision region: `<normal, d> = gap` leads onto it. */
interface Face {
  readonly normal: Float32Array;
  readonly gap: number;
}

function nearestFaces(
  oracle: Oracle,
  images: Float32Array,
  where: {
    readonly norm: Norm;
    readonly labels: ArrayLike<number>;
    readonly targets: ArrayLike<number> | undefined;
  },
): Face[] {
  const { features, classes } = oracle;
  const { labels, targets, norm } = where;
  const count = images.length / features;
  const faces: (Face & { away: number })[] = range(count).map(() => ({
    normal: new Float32Array(features),
    gap: 0,
    away: Number.POSITIVE_INFINITY,
  }));
  const consider = (winner: (i: number, scores: Float32Array) => number) => {
    const { logits, gradient } = oracle.backward(images, (all) => {
      const cotangent = new Float32Array(all.length);
      for (let i = 0; i < count; i++) {
        const scores = row(all, i, classes);
        const loser = targets ? argmaxExcept(scores, targets[i]) : labels[i];
        row(cotangent, i, classes)[winner(i, scores)] += 1;
        row(cotangent, i, classes)[loser] -= 1;
      }
      return cotangent;
    });
    for (let i = 0; i < count; i++) {
      const scores = row(logits, i, classes);
      const loser = targets ? argmaxExcept(scores, targets[i]) : labels[i];
      const gap = scores[loser] - scores[winner(i, scores)];
      const normal = row(gradient, i, features).slice();
      const steepness = dualNorm(norm, normal);
      const away = Math.abs(gap) / steepness;
      if (steepness > 0 && away < faces[i].away) faces[i] = { normal, gap, away };
    }
  };
  if (targets) consider((i) => targets[i]);
  else {
    for (let rank = 1; rank < classes; rank++) consider((i) => (labels[i] + rank) % classes);
  }
  return faces;
}
