/**
 * Search for the smallest budget at which a model's answer changes, by its decisions alone.
 *
 * Every example has a ray from its image: a perturbation, cut off by a ball of any radius. The
 * search knows the least radius at which the point on the ray reaches the goal. It changes a patch
 * of the ray and keeps the change if the goal is still reached a little nearer, then goes nearer in
 * growing steps for as long as that succeeds. So a model that gives no scores, or scores that
 * mislead, still answers with a number: the radius.
 *
 * Paper: Chen & Gu 2020, "RayS: A Ray Searching Method for Hard-label Adversarial Attack" (rays of
 * signs in Linf, halves of the image that are halved again). Here: any norm, square patches of
 * random position, and rays to start from that the caller knows.
 */
import { range, row } from '../arrays.ts';
import type { RandomStream } from '../engine/index.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import type { Oracle } from './oracle.ts';
import { distance, project } from './threat.ts';
import type { AttackBatch, Goal, Norm, Threat } from './types.ts';

/** Share of the image that a patch covers, at the first query and at the last. */
const FIRST_SHARE = 0.03;
const LAST_SHARE = 0.001;
/** A changed ray is kept if it reaches the goal nearer by this share; each further step doubles it. */
const FIRST_GAIN = 0.002;
/** Queries after which a ray is taken to have come as near as it goes unchanged. */
const SETTLING = 10;
/**
 * How far above the budget a radius may be with so many queries left for every feature, as a share of
 * the budget; farther examples are given up. Of 784 features: 40 % with 100 queries left, 60 % with
 * 300, 99 % with 1,000 and 250 % with 10,000. On a trained network that shows its class alone the
 * median radius was 6, 16, 43 and 91 % too large so many queries before.
 */
const reachable = (left: number): number => 0.9 * left ** 0.4;
/** In norms other than Linf, how often a patch of the ray is cleared instead of set. */
const CLEARED = 0.4;

/** A perturbation to start from, at a radius at which it may reach the goal. */
export interface Start {
  readonly example: number;
  /** `[H, W, C]` */
  readonly ray: Float32Array;
  readonly radius: number;
}

interface Ray {
  readonly values: Float32Array;
  /** Least radius known at which it reaches the goal. */
  readonly radius: number;
}

/** The next query about an example: does this ray reach the goal at this radius? */
interface Query extends Ray {
  /** Share by which the radius shrinks at the next query if the answer is yes. */
  readonly gain: number;
}

/** What is known of an example before any ray reaches its goal. */
const NO_RAY: Ray = { values: new Float32Array(0), radius: Number.POSITIVE_INFINITY };

export class RadiusSearch {
  readonly #oracle: Oracle;
  readonly #batch: AttackBatch;
  readonly #goal: Goal;
  readonly #threat: Threat;
  readonly #streams: readonly RandomStream[];
  readonly #rays = new Map<number, Ray>();

  constructor(oracle: Oracle, batch: AttackBatch, goal: Goal, threat: Threat) {
    this.#oracle = oracle;
    this.#batch = batch;
    this.#goal = goal;
    this.#threat = threat;
    this.#streams = batch.streams.map((stream) => stream.child('radius'));
  }

  /** Whether a ray of the example is known that reaches the goal. */
  knows(example: number): boolean {
    return this.#rays.has(example);
  }

  /** Takes the starts that reach the goal, nearer than what is known: one query for each. */
  begin(starts: readonly Start[]): void {
    const better = starts.filter(({ example, radius }) => radius < this.#ray(example).radius);
    const reached = this.#ask(
      better.map(({ example }) => example),
      better.map(({ ray: values, radius }) => ({ values, radius })),
    );
    better
      .filter((_, i) => reached[i])
      .forEach(({ example, ray: values, radius }) => {
        this.#rays.set(example, { values, radius });
      });
  }

  /** Tries white, black and inverted images for the examples of which nothing is known. */
  beginAnywhere(examples: readonly number[]): void {
    const { norm } = this.#threat;
    for (const end of [() => 1, () => 0, (pixel: number) => 1 - pixel]) {
      const starts = examples
        .filter((example) => !this.knows(example))
        .map((example) => {
          const image = this.#image(example);
          const far = image.map(end);
          const ray = far.map((pixel, i) => pixel - image[i]);
          return { example, ray, radius: distance(norm, image, far) };
        });
      this.begin(starts);
    }
  }

  /**
   * Makes at most `queries` queries about each example; returns those that come within the budget.
   */
  run(examples: readonly number[], queries: number): number[] {
    const { eps } = this.#threat;
    const found: number[] = [];
    const pending = new Map<number, Query>();
    let active = examples.filter((example) => this.knows(example));
    for (let done = 0; done < queries && active.length > 0; done++) {
      const share = FIRST_SHARE * (LAST_SHARE / FIRST_SHARE) ** (done / queries);
      const asked = active.map(
        (example) => pending.get(example) ?? this.#change(example, this.#ray(example), share),
      );
      const reached = this.#ask(active, asked);
      const farthest = eps * (1 + reachable((queries - done) / this.#oracle.features));
      active = active.filter((example, i) => {
        const { values, radius, gain } = asked[i];
        pending.delete(example);
        if (!reached[i]) return done < SETTLING || this.#ray(example).radius <= farthest;
        this.#rays.set(example, { values, radius });
        if (radius <= eps) found.push(example);
        else pending.set(example, { values, radius: this.#nearer(radius, gain), gain: 2 * gain });
        return radius > eps;
      });
    }
    return found;
  }

  /** The point of the example's ray on the ball of the budget. */
  best(example: number): Float32Array | undefined {
    const ray = this.#rays.get(example);
    if (!ray) return undefined;
    const point = new Float32Array(this.#oracle.features);
    this.#pointOf(example, { ...ray, radius: this.#threat.eps }, point);
    return point;
  }

  #ray(example: number): Ray {
    return this.#rays.get(example) ?? NO_RAY;
  }

  #image(example: number): Float32Array {
    return row(this.#batch.images, example, this.#oracle.features);
  }

  /** A smaller radius, but never below the budget. */
  #nearer(radius: number, gain: number): number {
    const { norm, eps } = this.#threat;
    const smaller = radius * (1 - Math.min(gain, 0.5));
    return Math.max(eps, norm === 'L0' ? Math.ceil(smaller) - 1 : smaller);
  }

  #pointOf(example: number, { values, radius }: Ray, point: Float32Array): void {
    const image = this.#image(example);
    for (let i = 0; i < point.length; i++) point[i] = image[i] + values[i];
    project({ norm: this.#threat.norm, eps: radius }, image, point);
  }

  /** Whether each ray reaches its example's goal. */
  #ask(examples: readonly number[], rays: readonly Ray[]): boolean[] {
    const { features } = this.#oracle;
    const points = new Float32Array(examples.length * features);
    examples.forEach((example, i) => {
      this.#pointOf(example, rays[i], row(points, i, features));
    });
    const logits = this.#oracle.logits(points);
    const classTargets = classTargetsOf(this.#batch, this.#goal, examples);
    return range(examples.length).map((i) => reachesGoal(logits, classTargets, i));
  }

  /** The ray with one patch changed, a little nearer. */
  #change(example: number, { values: known, radius }: Ray, share: number): Query {
    const { norm } = this.#threat;
    const stream = this.#streams[example];
    const [height, width, channels] = this.#oracle.classifier.inputShape;
    const side = Math.max(1, Math.round(Math.sqrt(share * height * width)));
    const [tall, wide] = [Math.min(side, height), Math.min(side, width)];
    const top = stream.integer(height - tall + 1);
    const left = stream.integer(width - wide + 1);
    const isCleared = norm !== 'Linf' && stream.uniform() < CLEARED;
    const values = known.slice();
    const size = isCleared ? 0 : heightOf(norm, known);
    for (let channel = 0; channel < channels; channel++) {
      const value = stream.uint32() & 1 ? size : -size;
      for (let y = top; y < top + tall; y++) {
        for (let x = left; x < left + wide; x++)
          values[(y * width + x) * channels + channel] = value;
      }
    }
    return { values, radius: this.#nearer(radius, FIRST_GAIN), gain: 2 * FIRST_GAIN };
  }
}

/** How far a patch moves its pixels: as far as they can in Linf, else as far as the others do. */
function heightOf(norm: Norm, ray: Float32Array): number {
  if (norm === 'Linf') return 1;
  let largest = 0;
  for (const value of ray) largest = Math.max(largest, Math.abs(value));
  return largest;
}
