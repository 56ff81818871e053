/**
 * Brendel & Bethge's attack: from an image beyond the boundary along it toward the original, each step
 * the solution of a small optimization problem within a trust region.
 *
 * Paper: Brendel, Rauber, Kümmerer, Ustyuzhaninov & Bethge 2019, "Accurate, reliable and fast
 * robustness evaluation". There the walk starts at an image of another class; here, where no example
 * may influence another, at what a few steps of the fast minimum-norm attack (in L0, of sigma-zero) find, or at noise. The
 * plane is an inequality here, and the trust region is a share of the distance left.
 * Threat: minimal norm in L2, Linf, L1, L0; untargeted and targeted.
 * Cost: 43 forward and 41 backward passes for a start, at most 100 forward passes more where these
 * find none, 10 for its boundary, then one of each a step; the steps themselves take more time than
 * the passes of a small network.
 * Fails: where the gradient at the boundary is zero or leads astray; in L0 each step is a heuristic.
 */
import { gather, row } from '../arrays.ts';
import { type AttackInput, defineAttack } from './attack.ts';
import { boundaryStep } from './boundary-step.ts';
import { Closest, unreached } from './closest.ts';
import { gatherExamples, goalAt } from './examples.ts';
import { fmn } from './fmn.ts';
import { classTargetsOf, goalMargin, reachesGoal } from './goals.ts';
import { LINE_SEARCH_PASSES, searchLines } from './line-search.ts';
import { planAttack } from './plan.ts';
import { sigmaZero } from './sigma-zero.ts';
import { distance } from './threat.ts';

/** Steps of the attack that looks for a start. */
const START_STEPS = 40;
/** Random images that are tried where it found none. */
const START_TRIES = 100;
/** Share of the distance left that the last trust region has. */
const LAST_TRUST = 0.002;
/** How far beyond the boundary a step aims, as a share of what the trust region could gain. */
const BEYOND = 0.02;

export const bb = defineAttack({
  name: 'bb',
  about: 'walks along the boundary toward the image (Brendel et al. 2019)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: true,
  norms: ['L2', 'Linf', 'L1', 'L0'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'steps along the boundary', default: 100, min: 1, integer: true },
    trust: {
      about: 'first trust region, as a share of the L2 distance',
      // In L0 a step gives whole pixels back.
      default: ({ norm }) => (norm === 'L0' ? 1 : 0.1),
      above: 0,
      max: 1,
    },
  },
  expectedPasses: ({ steps }) => 1 + START_STEPS + 3 + START_TRIES + LINE_SEARCH_PASSES + steps + 1,
  async run(input) {
    const { oracle, batch, goal, threat, options } = input;
    const { features } = oracle;
    const { steps } = options;
    const closest = new Closest(batch, threat.norm);
    const open = await unreached(oracle, batch, goal, closest);
    await findStarts(input, closest, open);
    await searchLines(oracle, classTargetsOf(batch, goal), closest, 0);
    const walking = open.filter((example) => closest.found(example));
    const classTargets = classTargetsOf(batch, goal, walking);
    const points = gather(closest.images, walking, features);
    const zero = new Float32Array(features);
    for (let step = 0; step <= steps && walking.length > 0; step++) {
      const { logits, gradient } = await oracle.lossGradients('margin', points, classTargets);
      const trust = options.trust * (LAST_TRUST / options.trust) ** (step / steps);
      walking.forEach((example, i) => {
        const point = row(points, i, features);
        if (reachesGoal(logits, classTargets, i)) closest.offer(example, point);
        if (step === steps) return;
        const original = closest.original(example);
        const slope = row(gradient, i, features);
        const radius = trust * distance('L2', original, closest.image(example));
        const change = boundaryStep({
          norm: threat.norm,
          original,
          point,
          slope,
          gain: BEYOND * radius * distance('L2', zero, slope) - goalMargin(logits, classTargets, i),
          radius,
        });
        for (let p = 0; p < features; p++) {
          point[p] = Math.min(1, Math.max(0, point[p] + change[p]));
        }
      });
    }
    return closest.images;
  },
});

/** Offers a point that reaches the goal for each of the examples for which one is found. */
async function findStarts(
  input: AttackInput,
  closest: Closest,
  examples: readonly number[],
): Promise<void> {
  const { oracle, batch, goal, threat } = input;
  const { features } = oracle;
  const tryPoints = async (rows: readonly number[], points: Float32Array) => {
    const classTargets = classTargetsOf(batch, goal, rows);
    const logits = await oracle.logits(points);
    rows.forEach((example, i) => {
      const point = row(points, i, features);
      if (reachesGoal(logits, classTargets, i)) closest.offer(example, point);
    });
  };
  const own = { batch: gatherExamples(batch, examples, features), goal: goalAt(goal, examples) };
  const first = threat.norm === 'L0' ? sigmaZero : fmn;
  const { options } = planAttack(first, { norm: threat.norm, options: { steps: START_STEPS } });
  await tryPoints(examples, await first.run({ ...input, ...own, options }));
  const streams = batch.streams.map((stream) => stream.child('bb'));
  const missing = () => examples.filter((example) => !closest.found(example));
  for (let attempt = 0; attempt < START_TRIES && missing().length > 0; attempt++) {
    const rows = missing();
    const points = new Float32Array(rows.length * features);
    rows.forEach((example, i) => {
      const point = row(points, i, features);
      for (let p = 0; p < features; p++) point[p] = streams[example].uniform();
    });
    await tryPoints(rows, points);
  }
}
