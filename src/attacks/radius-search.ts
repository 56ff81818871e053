/**
 * Search for the smallest budget at which a model's answer changes, by its decisions alone.
 *
 * Every example has a ray from its image: a perturbation, cut off by a ball of any radius. The
 * search knows the least radius at which the point on the ray reaches the goal. It changes a patch
 * of the ray and keeps the change if the goal is still reached nearer by a share of the radius, which
 * grows with success and shrinks with failure. A query that fails says that the features it changed
 * were right: the patches asked about are those of which least is known. So a model that gives no
 * scores, or scores that mislead, still answers with a number: the radius.
 *
 * Papers: Chen & Gu 2020, "RayS: A Ray Searching Method for Hard-label Adversarial Attack" (rays of
 * signs in Linf, halves of the image that are halved again); Rechenberg 1973 (the share that adapts,
 * "one fifth rule"). Here: any norm, square patches of random position, the memory of what was asked,
 * and rays to start from that the caller knows.
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
/** A changed ray is kept if it reaches the goal nearer by this share of the radius, at first. */
const FIRST_GAIN = 0.1;
const LEAST_GAIN = 1e-4;
/** What success and failure make of the share: it stays where one query in five succeeds. */
const AFTER_SUCCESS = 2;
const AFTER_FAILURE = 2 ** (-1 / 4);
/** Patches drawn for a query, of which the one is asked about of which least is known. */
const CANDIDATES = 16;
/** Queries after which a ray is taken to have come as near as it goes unchanged. */
const SETTLING = 20;
/**
 * How far above the budget a radius may be with so many queries left for every feature, as a share of
 * the budget; farther examples are given up. Of 784 features: 20 % with 100 queries left, 40 % with
 * 300, 80 % with 1,000 and 320 % with 10,000. On a trained network that shows its class alone nine in
 * ten of those that came within the budget were 2, 13 and 125 % above it with 300, 1,000 and 2,000
 * queries left.
 */
const reachable = (left: number): number => 0.7 * left ** 0.6;
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
  /** Features that it changes. */
  readonly changed: readonly number[];
}

/** What the queries about an example have taught. */
interface Memory {
  /** Share by which the next ray must be nearer. */
  gain: number;
  /** `[features]`: how many queries confirmed the ray's value there, each shared by what it changed. */
  readonly confirmed: Float32Array;
}

/** A square of the image, and what the ray becomes there in each channel. */
interface Patch {
  readonly top: number;
  readonly left: number;
  readonly side: number;
  readonly values: readonly number[];
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
  readonly #memories = new Map<number, Memory>();

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
  async begin(starts: readonly Start[]): Promise<void> {
    const better = starts.filter(({ example, radius }) => radius < this.#ray(example).radius);
    const reached = await this.#ask(
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
  async beginAnywhere(examples: readonly number[]): Promise<void> {
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
      await this.begin(starts);
    }
  }

  /**
   * Makes at most `queries` queries about each example; returns those that come within the budget.
   */
  async run(examples: readonly number[], queries: number): Promise<number[]> {
    const { eps } = this.#threat;
    const found: number[] = [];
    let active = examples.filter((example) => this.knows(example));
    for (let done = 0; done < queries && active.length > 0; done++) {
      const share = FIRST_SHARE * (LAST_SHARE / FIRST_SHARE) ** (done / queries);
      const asked = active.map((example) => this.#change(example, share));
      const reached = await this.#ask(active, asked);
      const farthest = eps * (1 + reachable((queries - done) / this.#oracle.features));
      active = active.filter((example, i) => {
        this.#learn(example, asked[i], reached[i]);
        const { radius } = this.#ray(example);
        if (radius <= eps) found.push(example);
        return radius > eps && (done < SETTLING || radius <= farthest);
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
  async #ask(examples: readonly number[], rays: readonly Ray[]): Promise<boolean[]> {
    const { features } = this.#oracle;
    const points = new Float32Array(examples.length * features);
    examples.forEach((example, i) => {
      this.#pointOf(example, rays[i], row(points, i, features));
    });
    const logits = await this.#oracle.logits(points, examples);
    const classTargets = classTargetsOf(this.#batch, this.#goal, examples);
    return range(examples.length).map((i) => reachesGoal(logits, classTargets, i));
  }

  #memory(example: number): Memory {
    const known = this.#memories.get(example);
    if (known) return known;
    const fresh = { gain: FIRST_GAIN, confirmed: new Float32Array(this.#oracle.features) };
    this.#memories.set(example, fresh);
    return fresh;
  }

  /** The ray with one patch changed, a little nearer. */
  #change(example: number, share: number): Query {
    const ray = this.#ray(example);
    const { gain, confirmed } = this.#memory(example);
    let least = Number.POSITIVE_INFINITY;
    let changed: readonly number[] = [];
    let chosen: Patch | undefined;
    for (let candidate = 0; candidate < CANDIDATES; candidate++) {
      const patch = this.#draw(example, ray, share);
      const features = this.#changedBy(patch, ray);
      const known = features.reduce((sum, at) => sum + confirmed[at], 0) / features.length;
      if (!(known < least)) continue;
      [least, changed, chosen] = [known, features, patch];
    }
    const values = ray.values.slice();
    if (chosen) for (const at of changed) values[at] = chosen.values[at % chosen.values.length];
    return { values, radius: this.#nearer(ray.radius, gain), changed };
  }

  /** A patch of random position; in each channel one sign, or, other than in Linf, nothing. */
  #draw(example: number, { values }: Ray, share: number): Patch {
    const { norm } = this.#threat;
    const stream = this.#streams[example];
    const [height, width, channels] = this.#oracle.classifier.inputShape;
    const side = Math.min(
      Math.max(1, Math.round(Math.sqrt(share * height * width))),
      height,
      width,
    );
    const top = stream.integer(height - side + 1);
    const left = stream.integer(width - side + 1);
    const isCleared = norm !== 'Linf' && stream.uniform() < CLEARED;
    const size = isCleared ? 0 : heightOf(norm, values);
    const sizes = range(channels).map(() => (stream.uint32() & 1 ? size : -size));
    return { top, left, side, values: sizes };
  }

  /** Features of a patch at which the ray becomes another one. */
  #changedBy({ top, left, side, values }: Patch, ray: Ray): number[] {
    const [, width, channels] = this.#oracle.classifier.inputShape;
    // In Linf any value is cut off at the radius, whatever its size.
    const felt = this.#threat.norm === 'Linf' ? Math.sign : (value: number) => value;
    const changed: number[] = [];
    for (let y = top; y < top + side; y++) {
      for (let x = left; x < left + side; x++) {
        for (let channel = 0; channel < channels; channel++) {
          const at = (y * width + x) * channels + channel;
          if (felt(ray.values[at]) !== felt(values[channel])) changed.push(at);
        }
      }
    }
    return changed;
  }

  #learn(example: number, { values, radius, changed }: Query, isReached: boolean): void {
    const memory = this.#memory(example);
    for (const at of changed) {
      memory.confirmed[at] = isReached ? 1 : memory.confirmed[at] + 1 / changed.length;
    }
    const factor = isReached ? AFTER_SUCCESS : AFTER_FAILURE;
    memory.gain = Math.max(LEAST_GAIN, memory.gain * factor);
    if (isReached) this.#rays.set(example, { values, radius });
  }
}

/** How far a patch moves its pixels: as far as they can in Linf, else as far as the others do. */
function heightOf(norm: Norm, ray: Float32Array): number {
  if (norm === 'Linf') return 1;
  let largest = 0;
  for (const value of ray) largest = Math.max(largest, Math.abs(value));
  return largest;
}
