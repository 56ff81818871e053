/**
 * Carlini & Wagner's L0 attack: their L2 attack on ever fewer pixels; those whose change times
 * gradient does least for the goal are frozen at their original value.
 *
 * Paper: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks", section VI.B.
 * As in the authors' code a round freezes 0.3 sqrt(n) of the n pixels that changed (here at once
 * with those that did not), starts from the last round's image with its c, and the first round that
 * fails is the last; c grows tenfold, not twofold.
 * Threat: minimal L0; targeted and untargeted.
 * Cost: one forward pass, then up to rounds x tenfold increases of c x steps forward and backward passes; most end early.
 * Fails: greedy, so not minimal; as cw-l2 does.
 */
import { gather, largest, range, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest, unreached } from './closest.ts';
import { descend, squares } from './cw-descent.ts';
import { classTargetsOf } from './goals.ts';

const LARGEST_C = 1e6;
/** A pixel that changed by less counts as unchanged; of n others, this times sqrt(n) are frozen. */
const IDLE = 1e-4;
const FROZEN_SHARE = 0.3;

export const cwL0 = defineAttack({
  name: 'cw-l0',
  about: 'their L2 attack on ever fewer pixels (Carlini & Wagner 2017)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['L0'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'most Adam steps for each set and c', default: 1000, min: 1, integer: true },
    rounds: { about: 'most sets of pixels', default: 200, min: 1, integer: true },
    learningRate: { about: 'of Adam, on w', default: 0.01, above: 0 },
    initialC: {
      about: 'first weight of the goal; tenfold until the goal is reached',
      default: 0.001,
      min: 1e-9,
    },
  },
  expectedPasses: ({ steps, rounds, initialC }) =>
    1 + rounds + (rounds + Math.max(0, Math.ceil(Math.log10(LARGEST_C / initialC))) + 1) * steps,
  async run({ oracle, batch, goal, options }) {
    const { features } = oracle;
    const closest = new Closest(batch, 'L0');
    const count = batch.labels.length;
    /** 1 where a pixel may move. */
    const movable = new Uint8Array(count * features).fill(1);
    const c = new Float64Array(count).fill(options.initialC);
    let active = await unreached(oracle, batch, goal, closest);
    for (let round = 0; round < options.rounds && active.length > 0; round++) {
      const reached = new Set<number>();
      for (let open = active; open.length > 0; ) {
        const members = open;
        await descend({
          oracle,
          originals: gather(batch.images, members, features),
          starts: startsOf(members, movable, closest, features),
          classTargets: classTargetsOf(batch, goal, members),
          penalty: squares,
          weights: members.map((example) => c[example]),
          mask: masksOf(members, movable, features),
          steps: options.steps,
          learningRate: options.learningRate,
          confidence: 0,
          onReached: (i, image) => {
            reached.add(members[i]);
            closest.offer(
              members[i],
              snapped(image, closest.original(members[i]), movable, members[i]),
            );
          },
          isDone: (i) => reached.has(members[i]),
        });
        for (const example of members) if (!reached.has(example)) c[example] *= 10;
        open = members.filter((example) => !reached.has(example) && c[example] <= LARGEST_C);
      }
      active = active.filter((example) => reached.has(example) && closest.distances[example] > 1);
      await freeze(active);
    }
    return closest.images;

    async function freeze(members: readonly number[]): Promise<void> {
      const { gradient } = await oracle.lossGradients(
        'margin',
        gather(closest.images, members, features),
        classTargetsOf(batch, goal, members),
      );
      members.forEach((example, i) => {
        const here = mask(movable, example, features);
        const image = closest.image(example);
        const original = closest.original(example);
        const slope = row(gradient, i, features);
        const open = range(features).filter((p) => here[p] === 1);
        const worth = open.map((p) => -Math.abs((image[p] - original[p]) * slope[p]));
        const idle = open.filter((p) => Math.abs(image[p] - original[p]) < IDLE).length;
        const dropped = idle + Math.ceil(FROZEN_SHARE * Math.sqrt(open.length - idle));
        for (const k of largest(worth, dropped)) here[open[k]] = 0;
      });
    }
  },
});

function mask(masks: Uint8Array, example: number, features: number): Uint8Array {
  return masks.subarray(example * features, (example + 1) * features);
}

function masksOf(members: readonly number[], masks: Uint8Array, features: number): Uint8Array {
  const out = new Uint8Array(members.length * features);
  members.forEach((example, i) => {
    out.set(mask(masks, example, features), i * features);
  });
  return out;
}

/** The nearest images found, pixels that may no longer move put back. */
function startsOf(
  members: readonly number[],
  masks: Uint8Array,
  closest: Closest,
  features: number,
): Float32Array {
  const starts = gather(closest.images, members, features);
  members.forEach((example, i) => {
    const bits = mask(masks, example, features);
    const original = closest.original(example);
    const start = row(starts, i, features);
    for (let p = 0; p < features; p++) if (bits[p] === 0) start[p] = original[p];
  });
  return starts;
}

/** The image with every pixel outside the mask exactly as it was. */
function snapped(
  image: Float32Array,
  original: Float32Array,
  masks: Uint8Array,
  example: number,
): Float32Array {
  const bits = mask(masks, example, image.length);
  return image.map((value, p) => (bits[p] === 1 ? value : original[p]));
}
