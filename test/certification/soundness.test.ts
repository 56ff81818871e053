/**
 * No image of a box leaves its bounds on any engine: random ones, corners, the corners that the bounds
 * themselves point at, and the end points of attacks. `SOUNDNESS_POINTS=1000000` takes more of them, and
 * the end points of every attack within a budget.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { ATTACKS, batchOf, planAttack, runAttack } from '../../src/attacks/index.ts';
import {
  type Box,
  crownBounds,
  type Graph,
  imageBox,
  intervalBounds,
  lowerBounds,
  lowerNetwork,
  Relaxation,
} from '../../src/certification/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { Model, type Network } from '../../src/models/index.ts';
import { compiledBackends, use } from '../native/backends.ts';
import { exactValues } from './exact.ts';
import { imageOf, NETWORKS, weightsOf } from './networks.ts';

const { SOUNDNESS_POINTS } = process.env;
const POINTS = Number(SOUNDNESS_POINTS ?? 600);
/** Points made at once. */
const MOST_AT_ONCE = 20_000;
/** Attacks whose end points are tried: with many points all that work on a model alone. */
const TRIED = ATTACKS.filter(({ name, norms, budget, access }) =>
  SOUNDNESS_POINTS === undefined
    ? name === 'pgd'
    : norms.includes('Linf') &&
      budget === 'fixed' &&
      access !== 'surrogate' &&
      name !== 'transfer' &&
      name !== 'autoattack',
);
const BUDGETS = [0, 0.01, 0.1, 0.4];

/** Random images of a box, its corners, and images on its edges, `[count, size]`. */
function pointsIn({ lower, upper }: Box, count: number, seed: number): Float32Array {
  const stream = new RandomStream(seed, 'points');
  const size = lower.length;
  return Float32Array.from({ length: count * size }, (_, at) => {
    const [low, high] = [lower[at % size], upper[at % size]];
    const share = stream.uniform();
    const kind = Math.floor(at / size) % 3;
    const value = low + (high - low) * (kind === 0 ? share : kind === 1 ? Math.round(share) : 0.5);
    // Float32 rounds to nearest, which may be outside.
    return inside(value, low, high);
  });
}

function inside(value: number, low: number, high: number): number {
  let rounded = Math.fround(value);
  const step = 2 ** -24;
  while (rounded < low) rounded = Math.fround(rounded + step);
  while (rounded > high) rounded = Math.fround(rounded - step);
  return Math.max(0, rounded);
}

/** The corner at which the linear lower bound of each logit, and of its negative, is least. */
function boundCorners(graph: Graph, boxes: readonly Box[], classes: number): Float32Array {
  const coefficients = new Float64Array(2 * classes * classes);
  for (let c = 0; c < classes; c++) {
    coefficients[2 * c * classes + c] = 1;
    coefficients[(2 * c + 1) * classes + c] = -1;
  }
  const { coefficients: all } = lowerBounds(new Relaxation(graph, boxes), {
    node: graph.nodes.length,
    rows: 2 * classes,
    coefficients,
  });
  const { lower, upper } = boxes[0];
  return Float32Array.from(all[0] ?? [], (coefficient, at) => {
    const i = at % lower.length;
    return inside(coefficient > 0 ? lower[i] : upper[i], lower[i], upper[i]);
  });
}

/** Where attacks on an image end, a copy for each class that it may be taken to be. */
async function attackPoints(
  model: Model,
  image: Float32Array,
  eps: number,
): Promise<Float32Array[]> {
  if (eps === 0) return [image];
  const copies = model.classes;
  const images = new Float32Array(copies * image.length);
  for (let i = 0; i < copies; i++) images.set(image, i * image.length);
  const labels = Array.from({ length: copies }, (_, i) => i);
  const points: Float32Array[] = [];
  for (const attack of TRIED) {
    const options = 'steps' in attack.options ? { steps: 10 } : {};
    const plan = planAttack(attack, { norm: 'Linf', eps, options, classes: model.classes });
    const batch = batchOf(images, labels, 1);
    points.push((await runAttack(plan, model.classifier('attacked'), batch)).images);
  }
  return points;
}

/** The largest distance by which a logit of any image leaves some bounds; 0: none does. */
function escapesOf(model: Model, images: Float32Array, bounds: readonly Box[]): number[] {
  const size = model.network.inputShape.reduce((a, b) => a * b, 1);
  const largest = bounds.map(() => 0);
  for (let start = 0; start < images.length; start += 500 * size) {
    const some = images.subarray(start, start + 500 * size);
    const logits = tf.tidy(() => {
      const batch = tf.tensor4d(some, [some.length / size, ...model.network.inputShape]);
      return model.logits(batch).dataSync<'float32'>();
    });
    for (const [which, { lower, upper }] of bounds.entries()) {
      for (let at = 0; at < logits.length; at++) {
        const i = at % lower.length;
        largest[which] = Math.max(largest[which], lower[i] - logits[at], logits[at] - upper[i]);
      }
    }
  }
  return largest;
}

const escapeOf = (model: Model, images: Float32Array, bounds: Box): number =>
  escapesOf(model, images, [bounds])[0];

const graphOf = (network: Network, seed: number) => lowerNetwork(network, weightsOf(network, seed));

/** The lower bounds of the logits by one backward pass from the end, as a box. */
function backwardLogits(graph: Graph, boxes: readonly Box[], classes: number): Box {
  const coefficients = new Float64Array(2 * classes * classes);
  for (let c = 0; c < classes; c++) {
    coefficients[2 * c * classes + c] = 1;
    coefficients[(2 * c + 1) * classes + c] = -1;
  }
  const { lower } = lowerBounds(new Relaxation(graph, boxes), {
    node: graph.nodes.length,
    rows: 2 * classes,
    coefficients,
  });
  return {
    lower: Float64Array.from({ length: classes }, (_, c) => lower[2 * c]),
    upper: Float64Array.from({ length: classes }, (_, c) => -lower[2 * c + 1]),
  };
}

describe('bounds', () => {
  for (const name of compiledBackends) {
    it(`hold for every image on ${name}`, async () => {
      await use(name);
      for (const network of NETWORKS) {
        for (const [seed, eps] of BUDGETS.entries()) {
          const graph = graphOf(network, seed);
          const model = new Model(network, weightsOf(network, seed), 1);
          const image = imageOf(network, seed);
          const box = imageBox(image, eps);
          const boxes = intervalBounds(graph, box);
          const logits = boxes[graph.nodes.length];
          const tight = crownBounds(graph, boxes);
          const linear = backwardLogits(graph, tight, network.classes);
          const what = `${network.architecture} at ${eps}`;
          const check = (images: Float32Array, which: string) =>
            assert.deepEqual(
              escapesOf(model, images, [logits, tight[graph.nodes.length], linear]),
              [0, 0, 0],
              `interval bounds, CROWN and linear bounds of ${which} of ${what}`,
            );
          check(boundCorners(graph, tight, network.classes), 'corners of bounds');
          for (const images of await attackPoints(model, image, eps)) check(images, 'attacks');
          for (let done = 0; done < POINTS; done += MOST_AT_ONCE) {
            const count = Math.min(MOST_AT_ONCE, POINTS - done);
            check(pointsIn(box, count, seed + BUDGETS.length * done), 'random images');
          }
          model.dispose();
        }
      }
    });
  }

  it('are tighter with CROWN than by intervals where ReLUs are stable or few', () => {
    const mlp = NETWORKS[4];
    const graph = graphOf(mlp, 1);
    const boxes = intervalBounds(graph, imageBox(imageOf(mlp, 1), 0.05));
    const [interval, crown] = [
      boxes[graph.nodes.length],
      backwardLogits(graph, crownBounds(graph, boxes), 4),
    ];
    for (let c = 0; c < 4; c++) {
      const widths = [crown, interval].map(({ lower, upper }) => upper[c] - lower[c]);
      assert.ok(widths[0] < 0.7 * widths[1], `${widths}`);
    }
  });

  it('are left when a step of them is unsound', async () => {
    await use(compiledBackends[0]);
    const mlp = NETWORKS[4];
    const graph = graphOf(mlp, 3);
    const model = new Model(mlp, weightsOf(mlp, 3), 1);
    const box = imageBox(imageOf(mlp, 3), 0.4);
    const faulty: Graph = {
      ...graph,
      nodes: graph.nodes.map((node) => {
        const { operation } = node;
        if (operation.kind !== 'elementwise') return node;
        // A ReLU whose chord is lowered to a third of its height.
        const line: typeof operation.line = (lines, i, low, high) => {
          operation.line(lines, i, low, high);
          lines.upperOffset[i] /= 3;
        };
        return {
          ...node,
          operation: {
            kind: operation.kind,
            bends: operation.bends,
            size: operation.size,
            interval: (inputs) => operation.interval(inputs),
            line,
            slopeRange: (i) => operation.slopeRange(i),
          },
        };
      }),
    };
    const boxes = intervalBounds(faulty, box);
    const corners = boundCorners(faulty, boxes, 4);
    const linear = backwardLogits(faulty, crownBounds(faulty, boxes), 4);
    assert.ok(escapeOf(model, corners, linear) > 0);
    model.dispose();
  });

  it('would be left without the rounding of float32', async () => {
    await use(compiledBackends[0]);
    const escapes = NETWORKS.map((network) => {
      const model = new Model(network, weightsOf(network, 1), 1);
      const graph = graphOf(network, 1);
      const image = imageOf(network, 1);
      const found = escapeOf(model, image, exactValues(graph, image)[graph.nodes.length]);
      model.dispose();
      return found;
    });
    assert.ok(
      escapes.every((found) => found > 0 && found < 1e-4),
      `${escapes}`,
    );
  });
});
