/**
 * Fast adaptive boundary attack, in its targeted form: from a point over the boundary, steps to the
 * linearized boundary that are biased toward the original image.
 *
 * Papers: Croce & Hein 2020, "Minimally Distorted Adversarial Examples with a Fast Adaptive
 * Boundary Attack"; its use target by target as FAB-T in Croce & Hein 2020 (AutoAttack). It visits
 * the same points as the authors' code (test/attacks/reference.test.ts); the paper's final search, which
 * AutoAttack leaves out, is a bisection here.
 * Threat: minimal norm in Linf, L2, L1; untargeted through the runners-up, or targeted.
 * Cost: about steps x targets x restarts forward and backward passes and as many more forward.
 * Fails: where the gradient of the logits is zero or random; slow for many classes.
 */
import { argmaxExcept, gather, row } from '../arrays.ts';
import { type AttackInput, defineAttack, type OptionSpecs } from './attack.ts';
import { Closest, unreached } from './closest.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { stepToHyperplane } from './hyperplane.ts';
import { LINE_SEARCH_PASSES, searchLines } from './line-search.ts';
import { runnersUp } from './runners-up.ts';
import { distance, randomStart } from './threat.ts';

/** How far over the hyperplane a step goes. */
const OVERSHOOT = 1.05;
/** Most weight of the step that starts from the original image. */
const MOST_BIAS = 0.1;
/** An adversarial point is moved back to this share of its way from the original. */
const BACKWARD_STEP = 0.9;
/** Random starts lie within half the distance found so far, or half this: the authors' default eps. */
const RESTART_RADIUS = { Linf: 0.3, L2: 1, L1: 5, L0: 5 } as const;

export const fab = defineAttack({
  name: 'fab',
  about: 'follows the boundary to its nearest point (Croce & Hein 2020)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'steps along the boundary', default: 100, min: 1, integer: true },
    restarts: {
      about: 'runs; all but the first start at random',
      default: 1,
      min: 1,
      integer: true,
    },
    targets: {
      about: 'untargeted: how many runners-up to aim at',
      default: 9,
      min: 1,
      integer: true,
    },
  },
  expectedPasses: ({ steps, restarts, targets }, classes) =>
    2 + 2 * steps * restarts * Math.min(targets, classes - 1) + LINE_SEARCH_PASSES,
  async run(input) {
    const { oracle, batch, goal, threat, options } = input;
    const closest = new Closest(batch, threat.norm);
    const open = await unreached(oracle, batch, goal, closest);
    if (open.length === 0) return closest.images;
    const order = goal.kind === 'targeted' ? undefined : await runnersUp(oracle, batch);
    const targets = order ? Math.min(options.targets, oracle.classes - 1) : 1;
    for (let rank = 0; rank < targets; rank++) {
      const aims = open.map((example) =>
        goal.kind === 'targeted' ? goal.targets[example] : (order?.[example][rank] as number),
      );
      for (let restart = 0; restart < options.restarts; restart++) {
        await runToward(input, open, aims, closest, `target ${rank} start ${restart}`, restart > 0);
      }
    }
    await searchLines(oracle, classTargetsOf(batch, goal), closest, BACKWARD_STEP);
    return closest.images;
  },
});

/** One run of every example toward its aim. */
async function runToward<S extends OptionSpecs>(
  { oracle, batch, goal, threat, options }: AttackInput<S>,
  open: readonly number[],
  aims: readonly number[],
  closest: Closest,
  label: string,
  isRandom: boolean,
): Promise<void> {
  const { features, classes } = oracle;
  const { norm } = threat;
  const goalTargets = classTargetsOf(batch, goal, open);
  const points = gather(batch.images, open, features);
  if (isRandom) {
    open.forEach((example, i) => {
      const radius = Math.min(closest.distances[example], RESTART_RADIUS[norm]) / 2;
      const stream = batch.streams[example].child(label);
      const point = row(points, i, features);
      randomStart({ norm, eps: radius }, closest.original(example), stream, point);
    });
  }
  /** The class whose boundary with the aim is next: in the untargeted form that of the label. */
  const loserOf = (i: number, scores: Float32Array) =>
    goal.kind === 'targeted' ? argmaxExcept(scores, aims[i]) : goalTargets.labels[i];
  const origin = new Float32Array(features);
  const fromPoint = new Float32Array(features);
  const fromOriginal = new Float32Array(features);
  for (let step = 0; step < options.steps; step++) {
    const { logits, gradient } = await oracle.backward(points, (all) => {
      const cotangent = new Float32Array(all.length);
      aims.forEach((aim, i) => {
        cotangent[i * classes + aim] += 1;
        cotangent[i * classes + loserOf(i, row(all, i, classes))] -= 1;
      });
      return cotangent;
    });
    open.forEach((example, i) => {
      const point = row(points, i, features);
      const original = closest.original(example);
      const normal = row(gradient, i, features);
      const scores = row(logits, i, classes);
      const gap = scores[loserOf(i, scores)] - scores[aims[i]];
      let along = 0;
      for (let p = 0; p < features; p++) along += normal[p] * (point[p] - original[p]);
      stepToHyperplane(norm, point, normal, gap, fromPoint);
      stepToHyperplane(norm, original, normal, gap + along, fromOriginal);
      const [a, b] = [distance(norm, origin, fromPoint), distance(norm, origin, fromOriginal)];
      const bias = Math.min(a / Math.max(a + b, 1e-12), MOST_BIAS);
      for (let p = 0; p < features; p++) {
        const own = point[p] + OVERSHOOT * fromPoint[p];
        const biased = original[p] + OVERSHOOT * fromOriginal[p];
        point[p] = Math.min(1, Math.max(0, (1 - bias) * own + bias * biased));
      }
    });
    const judgedLogits = await oracle.logits(points);
    open.forEach((example, i) => {
      if (!reachesGoal(judgedLogits, goalTargets, i)) return;
      const point = row(points, i, features);
      const original = closest.original(example);
      closest.offer(example, point);
      for (let p = 0; p < features; p++) {
        point[p] = original[p] + BACKWARD_STEP * (point[p] - original[p]);
      }
    });
  }
}
