/**
 * Carlini & Wagner's Linf attack: a bound tau on the change of every pixel, lowered while it can be
 * kept.
 *
 * Paper: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks", section VI.C.
 * As in the authors' code but for c, which starts at 0.01 (there 1e-5), halves after a round that succeeded,
 * and for the number of rounds (there until tau is 1 / 256).
 * Threat: minimal norm in Linf; targeted and untargeted.
 * Cost: one forward pass, then up to rounds x doublings x steps forward and backward passes, though most end early.
 * Fails: as cw-l2 does; each round starts from the last one's image, so that it can be stuck near it.
 */
import { gather } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest, unreached } from './closest.ts';
import { descend } from './cw-descent.ts';
import { classTargetsOf } from './goals.ts';
import { distance } from './threat.ts';

/** tau shrinks to this share of what was reached. */
const SHRINK = 0.9;
const LARGEST_C = 20;

export const cwLinf = defineAttack({
  name: 'cw-linf',
  about: 'lowers a bound on every pixel (Carlini & Wagner 2017)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['Linf'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'most Adam steps for each tau and c', default: 1000, min: 1, integer: true },
    rounds: { about: 'most values of tau', default: 50, min: 1, integer: true },
    learningRate: { about: 'of Adam, on w', default: 0.005, above: 0 },
    initialC: {
      about: 'first weight of the goal; doubled until the goal is reached',
      default: 0.01,
      min: 1e-9,
    },
  },
  expectedPasses: ({ steps, rounds, initialC }) =>
    1 + (2 * rounds + Math.max(0, Math.ceil(Math.log2(LARGEST_C / initialC))) + 1) * steps,
  async run({ oracle, batch, goal, options }) {
    const { features } = oracle;
    const closest = new Closest(batch, 'Linf');
    const count = batch.labels.length;
    const tau = new Float64Array(count).fill(1);
    const c = new Float64Array(count).fill(options.initialC);
    let active = await unreached(oracle, batch, goal, closest);
    for (let round = 0; round < options.rounds && active.length > 0; round++) {
      const reached = new Set<number>();
      let open = active;
      while (open.length > 0) {
        const members = open;
        await descend({
          oracle,
          originals: gather(batch.images, members, features),
          starts: gather(closest.images, members, features),
          classTargets: classTargetsOf(batch, goal, members),
          penalty: (image, original, gradient, i) =>
            excess(tau[members[i]], image, original, gradient),
          weights: members.map((example) => c[example]),
          steps: options.steps,
          learningRate: options.learningRate,
          confidence: 0,
          onReached: (i, image) => {
            const example = members[i];
            const away = distance('Linf', closest.original(example), image);
            if (away <= tau[example]) reached.add(example);
            closest.offer(example, image);
          },
          isDone: (i) => reached.has(members[i]),
        });
        for (const example of members) if (!reached.has(example)) c[example] *= 2;
        open = members.filter((example) => !reached.has(example) && c[example] <= LARGEST_C);
      }
      active = active.filter((example) => reached.has(example) && closest.distances[example] > 0);
      for (const example of active) {
        tau[example] = Math.min(tau[example], closest.distances[example]) * SHRINK;
        c[example] = Math.max(options.initialC, c[example] / 2);
      }
    }
    return closest.images;
  },
});

/** By how much the changes exceed tau, summed over the pixels; adds the slope to `gradient`. */
function excess(
  tau: number,
  image: Float32Array,
  original: Float32Array,
  gradient: Float32Array,
): number {
  let total = 0;
  for (let p = 0; p < image.length; p++) {
    const change = image[p] - original[p];
    if (Math.abs(change) <= tau) continue;
    total += Math.abs(change) - tau;
    gradient[p] += Math.sign(change);
  }
  return total;
}
