/**
 * HopSkipJump: from any adversarial image to the boundary, along a gradient estimated from decisions.
 *
 * Paper: Chen, Jordan & Wainwright 2020, "HopSkipJumpAttack: A Query-Efficient Decision-Based
 * Attack".
 * Threat: minimal norm in L2 and Linf with decisions only; untargeted. The paper's targeted form
 * starts from an image of the target class, which an attack here has no source of: the other
 * examples of a batch must not influence this one.
 * Cost: forward passes, about initialQueries * sum of sqrt(1 … steps): 11,000 for 30 steps.
 * Fails: with few queries; where noise in the answers blurs the boundary. Where it succeeds on more images
 * than a gradient attack, that attack's gradients are masked.
 */

import { range, row } from '../arrays.ts';
import type { RandomStream } from '../engine/index.ts';
import { defineAttack } from './attack.ts';
import { Closest } from './closest.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import type { Oracle } from './oracle.ts';
import { distance } from './threat.ts';
import type { Norm } from './types.ts';

/** Random images to try as a starting point, and halvings that move it nearer. */
const START_TRIES = 100;
const MOST_QUERIES = 10_000;
const FIRST_DELTA = 0.1;
const MOST_HALVINGS = 30;

export const hopskipjump = defineAttack({
  name: 'hopskipjump',
  about: 'follows the boundary by decisions alone (Chen et al. 2020)',
  access: 'decision',
  kind: 'search',
  budget: 'minimal',
  random: true,
  norms: ['L2', 'Linf'],
  goals: ['untargeted'],
  losses: [],
  options: {
    steps: { about: 'steps along the boundary', default: 30, min: 1, integer: true },
    initialQueries: { about: 'decisions for the first step', default: 100, min: 2, integer: true },
  },
  expectedPasses: ({ steps, initialQueries }) => {
    let passes = 1 + START_TRIES + MOST_HALVINGS;
    for (let step = 1; step <= steps; step++) {
      passes += queriesAt(step, initialQueries) + 2 * MOST_HALVINGS;
    }
    return passes;
  },
  async run({ oracle, batch, goal, threat, options }) {
    const closest = new Closest(batch, threat.norm);
    for (const example of range(batch.labels.length)) {
      const { labels } = classTargetsOf(batch, goal, [example]);
      const run = new BoundaryRun(
        oracle,
        example,
        labels[0],
        closest.original(example),
        threat.norm,
      );
      const stream = batch.streams[example].child('hopskipjump');
      if (await run.isOver(closest.original(example))) {
        closest.offer(example, closest.original(example));
        continue;
      }
      let point = await run.start(stream);
      if (!point) continue;
      closest.offer(example, point);
      for (let step = 1; step <= options.steps; step++) {
        const queries = queriesAt(step, options.initialQueries);
        point = await run.step(point, step, queries, stream);
        closest.offer(example, point);
      }
    }
    return closest.images;
  },
});

/** Decisions that the gradient estimate of a step is made of. */
const queriesAt = (step: number, initialQueries: number): number =>
  Math.min(MOST_QUERIES, Math.floor(initialQueries * Math.sqrt(step)));

/** The run of one example; its batches are of queries, not of examples. */
class BoundaryRun {
  readonly #oracle: Oracle;
  /** Where in its batch the example is. */
  readonly #example: number;
  readonly #label: number;
  readonly #original: Float32Array;
  readonly #norm: Norm;
  /** Precision of the boundary, relative to the distance. */
  readonly #theta: number;

  constructor(oracle: Oracle, example: number, label: number, original: Float32Array, norm: Norm) {
    this.#oracle = oracle;
    this.#example = example;
    this.#label = label;
    this.#original = original;
    this.#norm = norm;
    const d = oracle.features;
    this.#theta = norm === 'L2' ? 1 / (Math.sqrt(d) * d) : 1 / (d * d);
  }

  /** Which of the images `[count, features]` are over the boundary. */
  async #decisions(images: Float32Array): Promise<boolean[]> {
    const count = images.length / this.#oracle.features;
    const logits = await this.#oracle.logits(images, new Array(count).fill(this.#example));
    const classTargets = { labels: new Int32Array(count).fill(this.#label), targets: undefined };
    return range(count).map((i) => reachesGoal(logits, classTargets, i));
  }

  async isOver(image: Float32Array): Promise<boolean> {
    return (await this.#decisions(image))[0];
  }

  /** A random image over the boundary, moved back to the boundary. */
  async start(stream: RandomStream): Promise<Float32Array | undefined> {
    for (let attempt = 0; attempt < START_TRIES; attempt++) {
      const image = this.#original.map(() => stream.uniform());
      if (await this.isOver(image)) return this.#toBoundary(image);
    }
    return undefined;
  }

  /** The original at share 0, `image` at share 1; in Linf the original's box of that share. */
  #between(image: Float32Array, share: number): Float32Array {
    const original = this.#original;
    if (this.#norm === 'L2') {
      return image.map((value, p) => original[p] + share * (value - original[p]));
    }
    const radius = share * distance('Linf', original, image);
    return image.map((value, p) =>
      Math.min(original[p] + radius, Math.max(original[p] - radius, value)),
    );
  }

  async #toBoundary(image: Float32Array): Promise<Float32Array> {
    let low = 0;
    let high = 1;
    let over = image;
    for (let halving = 0; halving < MOST_HALVINGS && high - low > this.#theta; halving++) {
      const middle = (low + high) / 2;
      const tried = this.#between(image, middle);
      if (await this.isOver(tried)) {
        high = middle;
        over = tried;
      } else low = middle;
    }
    return over;
  }

  async step(
    point: Float32Array,
    step: number,
    queries: number,
    stream: RandomStream,
  ): Promise<Float32Array> {
    const away = distance(this.#norm, this.#original, point);
    const d = this.#oracle.features;
    const spread = this.#norm === 'L2' ? Math.sqrt(d) : d;
    const delta = step === 1 ? FIRST_DELTA : Math.max(spread * this.#theta * away, 1e-5);
    const direction = await this.#estimateGradient(point, delta, queries, stream);
    let size = away / Math.sqrt(step);
    for (let halving = 0; halving < MOST_HALVINGS; halving++, size /= 2) {
      const tried = point.map((value, p) => Math.min(1, Math.max(0, value + size * direction[p])));
      if (await this.isOver(tried)) return this.#toBoundary(tried);
    }
    return point;
  }

  /** The mean of random directions, each weighted by the side of the boundary that it leads to. */
  async #estimateGradient(
    point: Float32Array,
    delta: number,
    queries: number,
    stream: RandomStream,
  ): Promise<Float64Array> {
    const { features } = this.#oracle;
    const probes = new Float32Array(queries * features);
    const draw = this.#norm === 'L2' ? () => stream.normal() : () => 2 * stream.uniform() - 1;
    for (let q = 0; q < queries; q++) {
      const probe = row(probes, q, features);
      let squares = 0;
      for (let p = 0; p < features; p++) {
        probe[p] = draw();
        squares += probe[p] * probe[p];
      }
      const scale = delta / Math.sqrt(squares);
      for (let p = 0; p < features; p++) {
        const moved = point[p] + scale * probe[p];
        probe[p] = moved < 0 ? 0 : moved > 1 ? 1 : moved;
      }
    }
    const votes = (await this.#decisions(probes)).map((over) => (over ? 1 : -1));
    const mean = votes.reduce((a: number, b) => a + b, 0) / queries;
    const estimate = new Float64Array(features);
    for (let q = 0; q < queries; q++) {
      const weight = Math.abs(mean) === 1 ? mean : votes[q] - mean;
      const probe = row(probes, q, features);
      for (let p = 0; p < features; p++) estimate[p] += weight * (probe[p] - point[p]);
    }
    if (this.#norm === 'Linf') return estimate.map(Math.sign);
    const length = Math.sqrt(estimate.reduce((sum, value) => sum + value * value, 0));
    return length > 0 ? estimate.map((value) => value / length) : estimate;
  }
}
