/**
 * Square attack: random search with square patches that shrink, kept where they help.
 *
 * Paper: Andriushchenko, Croce, Flammarion & Hein 2020, "Square Attack: a query-efficient black-box
 * adversarial attack via random search".
 * Threat: Linf and L2 with scores but no gradient; untargeted (margin) and targeted.
 * As in the paper, patches may lie anywhere in the image (the authors' code leaves out its last row
 * and column), and every example draws its own (there a batch shares them). Targeted, it maximizes
 * the margin too, where their code maximizes cross-entropy.
 * Cost: at most `queries` + 1 forward passes.
 * Fails: with few queries on large images; it needs scores, not just decisions. Where it succeeds
 * on more images than a gradient attack, that gradient attack is broken.
 */

import { gather, range, row } from '../arrays.ts';
import type { RandomStream } from '../engine/index.ts';
import { defineAttack } from './attack.ts';
import { classTargetsOf, goalMargin, reachesGoal } from './goals.ts';
import { nearestInLinf, project } from './threat.ts';
import type { Threat } from './types.ts';

/** After these shares of the queries (of 10,000 in the paper) the patch's area halves. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].map((query) => query / 10_000);

type Shape = readonly [height: number, width: number, channels: number];

export const square = defineAttack({
  name: 'square',
  about: 'random search with square patches, by scores alone (Andriushchenko et al. 2020)',
  access: 'scores',
  kind: 'search',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    queries: { about: 'patches to try', default: 5000, min: 1, integer: true },
    area: { about: 'first share of the image that a patch covers', default: 0.8, above: 0, max: 1 },
  },
  expectedPasses: ({ queries }) => queries + 1,
  async run({ oracle, batch, goal, threat, options }) {
    const { features } = oracle;
    const shape = oracle.classifier.inputShape;
    const streams = batch.streams.map((stream) => stream.child('square'));
    const best = batch.images.slice();
    const bestMargin = new Float64Array(batch.labels.length).fill(Number.NEGATIVE_INFINITY);
    let active = range(batch.labels.length);
    // Query -1 is the starting point; the schedule counts from the first patch.
    for (let query = -1; query < options.queries && active.length > 0; query++) {
      const share =
        options.area / 2 ** HALVINGS.filter((at) => query / options.queries > at).length;
      const tries = gather(best, active, features);
      active.forEach((example, i) => {
        const original = row(batch.images, example, features);
        const image = row(tries, i, features);
        if (query < 0) start(threat, original, image, shape, streams[example]);
        else if (threat.norm === 'Linf') {
          patchLinf(threat, original, image, shape, share, streams[example]);
        } else patchL2(threat, original, image, shape, share, streams[example]);
      });
      const classTargets = classTargetsOf(batch, goal, active);
      const logits = await oracle.logits(tries, active);
      active = active.filter((example, i) => {
        const margin = goalMargin(logits, classTargets, i);
        const reached = reachesGoal(logits, classTargets, i);
        if (reached || margin > bestMargin[example]) {
          bestMargin[example] = margin;
          row(best, example, features).set(row(tries, i, features));
        }
        return !reached;
      });
    }
    return best;
  },
});

/** Side of a square that covers `share` of the image. */
function sideOf([height, width]: Shape, share: number): number {
  const side = Math.round(Math.sqrt(share * height * width));
  return Math.max(1, Math.min(side, Math.min(height, width)));
}

const sign = (stream: RandomStream) => (stream.uint32() & 1 ? 1 : -1);

/** Linf: vertical stripes of +-eps. L2: bumps all over, centered, scaled to the budget. */
function start(
  threat: Threat,
  original: Float32Array,
  image: Float32Array,
  shape: Shape,
  stream: RandomStream,
): void {
  const [height, width, channels] = shape;
  if (threat.norm === 'Linf') {
    const signs = Array.from({ length: width * channels }, () => sign(stream));
    for (let i = 0; i < image.length; i++) {
      image[i] = original[i] + threat.eps * signs[i % (width * channels)];
    }
  } else {
    const side = Math.max(3, Math.floor(Math.min(height, width) / 5));
    const margin = (size: number) => Math.floor((size % side) / 2);
    for (let top = margin(height); top + side <= height; top += side) {
      for (let left = margin(width); left + side <= width; left += side) {
        const bump = bumps(side, stream);
        for (let c = 0; c < channels; c++) {
          const up = sign(stream);
          eachPixel([top, left, side], shape, c, (at, y, x) => {
            image[at] = original[at] + up * bump[y * side + x];
          });
        }
      }
    }
    scaleTo(threat.eps, original, image);
  }
  project(threat, original, image);
}

function eachPixel(
  [top, left, side]: readonly [number, number, number],
  [, width, channels]: Shape,
  channel: number,
  visit: (at: number, y: number, x: number) => void,
): void {
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      visit(((top + y) * width + left + x) * channels + channel, y, x);
    }
  }
}

/**
 * A square of one sign for each channel, at a random position, adds 2 eps and is projected back: the
 * rest of the image is there already.
 */
function patchLinf(
  { eps }: Threat,
  original: Float32Array,
  image: Float32Array,
  shape: Shape,
  share: number,
  stream: RandomStream,
): void {
  const side = sideOf(shape, share);
  const top = stream.integer(shape[0] - side + 1);
  const left = stream.integer(shape[1] - side + 1);
  for (let c = 0; c < shape[2]; c++) {
    const change = 2 * eps * sign(stream);
    eachPixel([top, left, side], shape, c, (at) => {
      image[at] += change;
      image[at] = nearestInLinf(eps, original[at], image[at]);
    });
  }
}

/**
 * L2: the budget spent in two windows, and what was left unspent, goes into a fresh bump in the
 * first of them; the second one is cleared.
 */
function patchL2(
  threat: Threat,
  original: Float32Array,
  image: Float32Array,
  shape: Shape,
  share: number,
  stream: RandomStream,
): void {
  const side = Math.min(Math.max(3, sideOf(shape, share) | 1), Math.min(shape[0], shape[1]));
  const position = () =>
    [stream.integer(shape[0] - side + 1), stream.integer(shape[1] - side + 1), side] as const;
  const [filled, cleared] = [position(), position()];
  const delta = image.map((value, i) => value - original[i]);
  const spent = delta.reduce((sum, change) => sum + change * change, 0);
  const unspent = Math.max(0, threat.eps ** 2 - spent);
  for (let c = 0; c < shape[2]; c++) {
    const window = new Set<number>();
    for (const where of [filled, cleared]) eachPixel(where, shape, c, (at) => window.add(at));
    let freed = unspent / shape[2];
    for (const at of window) freed += delta[at] ** 2;
    const bump = bumps(side, stream);
    const up = sign(stream);
    const fresh = new Float64Array(side * side);
    let oldLength = 0;
    eachPixel(filled, shape, c, (at) => {
      oldLength += delta[at] ** 2;
    });
    const scale = oldLength > 0 ? 1 / Math.sqrt(oldLength) : 0;
    let length = 0;
    eachPixel(filled, shape, c, (at, y, x) => {
      fresh[y * side + x] = up * bump[y * side + x] + delta[at] * scale;
      length += fresh[y * side + x] ** 2;
    });
    for (const at of window) delta[at] = 0;
    eachPixel(filled, shape, c, (at, y, x) => {
      delta[at] = fresh[y * side + x] * Math.sqrt(freed / length);
    });
  }
  for (let i = 0; i < image.length; i++) image[i] = original[i] + delta[i];
  scaleTo(threat.eps, original, image);
  project(threat, original, image);
}

/**
 * The paper's L2 update: an upper and a lower half of opposite sign (or left and right), each a
 * peak that falls off toward the edges; length 1.
 */
function bumps(side: number, stream: RandomStream): Float64Array {
  const values = new Float64Array(side * side);
  const half = Math.floor(side / 2);
  addPeak(values, side, [0, half], 1);
  addPeak(values, side, [half, side], -1);
  const isTurned = stream.uint32() & 1;
  const turned = values.map((_, i) => values[(i % side) * side + Math.floor(i / side)]);
  const chosen = isTurned ? turned : values;
  return chosen.map((value) => value / Math.SQRT2);
}

/**
 * Rectangles around the middle of rows `from` to `to`, one in the other, each adding 1 / (k + 1)^2;
 * scaled to length 1.
 */
function addPeak(
  values: Float64Array,
  side: number,
  [from, to]: readonly [number, number],
  weight: number,
): void {
  const middleY = from + Math.floor((to - from) / 2);
  const middleX = Math.floor(side / 2);
  for (let k = 0; k <= Math.floor(side / 2); k++) {
    for (let y = Math.max(from, middleY - k); y < Math.min(to, middleY + k + 1); y++) {
      for (let x = Math.max(0, middleX - k); x < Math.min(side, middleX + k + 1); x++) {
        values[y * side + x] += weight / (k + 1) ** 2;
      }
    }
  }
  const part = values.subarray(from * side, to * side);
  const length = Math.sqrt(part.reduce((sum, value) => sum + value * value, 0));
  for (let i = 0; i < part.length; i++) part[i] /= length;
}

/** Scales a perturbation to L2 length eps. */
function scaleTo(eps: number, original: Float32Array, image: Float32Array): void {
  let squares = 0;
  for (let i = 0; i < image.length; i++) squares += (image[i] - original[i]) ** 2;
  const scale = squares > 0 ? eps / Math.sqrt(squares) : 0;
  for (let i = 0; i < image.length; i++) image[i] = original[i] + (image[i] - original[i]) * scale;
}
