/**
 * Simultaneous perturbation stochastic approximation: a gradient estimated from differences of the
 * loss along random signs, followed with Adam.
 *
 * Paper: Uesato, O'Donoghue, van den Oord & Kohli 2018, "Adversarial Risk and the Dangers of
 * Evaluating Against Weak Attacks".
 * Threat: Linf with scores but no gradient; untargeted and targeted.
 * Cost: steps x samples forward passes.
 * Fails: with few samples; where scores are rounded or constant within `delta`. Where it succeeds
 * on more images than a gradient attack, that attack's gradients are masked.
 */

import { gather, range, row } from '../arrays.ts';
import type { RandomStream } from '../engine/index.ts';
import { defineAttack } from './attack.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { project } from './threat.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export const spsa = defineAttack({
  name: 'spsa',
  about: 'a gradient estimated from scores along random signs (Uesato et al. 2018)',
  access: 'scores',
  kind: 'search',
  budget: 'fixed',
  random: true,
  norms: ['Linf'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin', 'dlr', 'temperature', 'logits'],
  options: {
    steps: { about: 'Adam steps', default: 100, min: 1, integer: true },
    samples: { about: 'scores for each step, in pairs', default: 128, min: 2, integer: true },
    delta: { about: 'length of a difference, in pixel values', default: 0.01, min: 1e-6, max: 1 },
    stepSize: {
      about: "Adam's step, in pixel values (the larger of 0.01 and 5 eps / steps)",
      default: ({ eps }, { steps }) => Math.max(0.01, (5 * eps) / steps),
      above: 0,
    },
  },
  expectedPasses: ({ steps, samples }) => steps * (samples + 1),
  async run({ oracle, batch, goal, threat, loss, options }) {
    const { features } = oracle;
    const pairs = Math.max(1, Math.floor(options.samples / 2));
    const streams = batch.streams.map((stream) => stream.child('spsa'));
    const attacked = batch.images.slice();
    const m = new Float32Array(attacked.length);
    const v = new Float32Array(attacked.length);
    let active = range(batch.labels.length);
    const dropReached = async () => {
      const logits = await oracle.logits(gather(attacked, active, features), active);
      const classTargets = classTargetsOf(batch, goal, active);
      active = active.filter((_, i) => !reachesGoal(logits, classTargets, i));
    };
    for (let step = 1; step <= options.steps; step++) {
      await dropReached();
      if (active.length === 0) break;
      const slope = new Float32Array(active.length * features);
      const classTargets = classTargetsOf(batch, goal, active);
      for (let pair = 0; pair < pairs; pair++) {
        const signs = active.map((example) => randomSigns(streams[example], features));
        const probe = async (side: 1 | -1) => {
          const images = gather(attacked, active, features);
          signs.forEach((direction, i) => {
            const image = row(images, i, features);
            for (let p = 0; p < features; p++) image[p] += side * options.delta * direction[p];
          });
          return oracle.losses(loss, await oracle.logits(images, active), classTargets);
        };
        const [up, down] = [await probe(1), await probe(-1)];
        signs.forEach((direction, i) => {
          const difference = (up[i] - down[i]) / (2 * options.delta * pairs);
          const out = row(slope, i, features);
          for (let p = 0; p < features; p++) out[p] += difference * direction[p];
        });
      }
      active.forEach((example, i) => {
        const image = row(attacked, example, features);
        for (let p = 0; p < features; p++) {
          const at = example * features + p;
          const g = slope[i * features + p];
          m[at] = BETA1 * m[at] + (1 - BETA1) * g;
          v[at] = BETA2 * v[at] + (1 - BETA2) * g * g;
          const mean = m[at] / (1 - BETA1 ** step);
          image[p] +=
            (options.stepSize * mean) / (Math.sqrt(v[at] / (1 - BETA2 ** step)) + EPSILON);
        }
        project(threat, row(batch.images, example, features), image);
      });
    }
    return attacked;
  },
});

/** Random signs, 32 from each random word. */
function randomSigns(stream: RandomStream, count: number): Int8Array {
  const signs = new Int8Array(count);
  for (let i = 0, word = 0; i < count; i++, word >>>= 1) {
    if (i % 32 === 0) word = stream.uint32();
    signs[i] = word & 1 ? 1 : -1;
  }
  return signs;
}
