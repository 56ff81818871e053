/**
 * The optimizer that Carlini & Wagner's three attacks share: Adam on w, where the image is
 * (tanh(w) + 1) / 2 = 1 / (1 + exp(-2 w)), against  distance + c * max(confidence - goal margin, 0).
 *
 * The change of variables keeps pixels in [0, 1] without clipping. A pixel at exactly 0 or 1 would
 * sit at infinity and never move; as in the authors' code it starts slightly inside (`SQUEEZE`), and
 * Adam, which looks at signs more than at sizes, brings it out of tanh's flat end.
 *
 * Paper: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks".
 */
import { gather, range, row } from '../arrays.ts';
import { goalMargin, marginClasses, reachesGoal, targetsAt } from './goals.ts';
import type { Oracle } from './oracle.ts';
import type { ClassTargets } from './types.ts';

const SQUEEZE = 0.999999;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** A run is given up when a tenth of its steps has not lowered the objective by this share. */
const LEAST_GAIN = 1e-4;

/**
 * The part of the objective that keeps an image near its original: returns its value and adds its
 * slope to `gradient`, pixel by pixel.
 */
export type Penalty = (
  image: Float32Array,
  original: Float32Array,
  gradient: Float32Array,
  example: number,
) => number;

/** Squared L2 distance. */
export const squares: Penalty = (image, original, gradient) => {
  let total = 0;
  for (let p = 0; p < image.length; p++) {
    const change = image[p] - original[p];
    total += change * change;
    gradient[p] += 2 * change;
  }
  return total;
};

export interface Descent {
  readonly oracle: Oracle;
  /** `[count, features]` */
  readonly originals: Float32Array;
  readonly starts: Float32Array;
  readonly classTargets: ClassTargets;
  readonly penalty: Penalty;
  /** Weight of the goal, one per example. */
  readonly weights: ArrayLike<number>;
  /** 1 where a pixel may move; all may if absent. `[count, features]` */
  readonly mask?: Uint8Array;
  readonly steps: number;
  readonly learningRate: number;
  /** Goal margin (in logits) that an image must have to count. */
  readonly confidence: number;
  /** Sees every image that reaches the goal with the confidence asked for. */
  onReached(example: number, image: Float32Array): void;
  /** Whether an example is finished before its steps are. */
  isDone?(example: number): boolean;
}

/** Runs the descent; returns the last images. */
export async function descend(descent: Descent): Promise<Float32Array> {
  const { oracle, originals, classTargets, penalty, weights, mask, steps, confidence } = descent;
  const { features, classes } = oracle;
  const count = originals.length / features;
  const images = descent.starts.slice();
  const adam = new PixelAdam(images, mask, features, descent.learningRate);
  const lastObjective = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const patience = Math.max(1, Math.floor(steps / 10));
  let active = range(count);
  for (let step = 1; step <= steps && active.length > 0; step++) {
    const rows = targetsAt(classTargets, active);
    const { logits, gradient } = await oracle.backward(gather(images, active, features), (all) => {
      const cotangent = new Float32Array(all.length);
      active.forEach((example, i) => {
        if (goalMargin(all, rows, i) >= confidence && confidence > 0) return;
        if (reachesGoal(all, rows, i) && confidence === 0) return;
        addGoalSlope(row(all, i, classes), rows, i, weights[example], row(cotangent, i, classes));
      });
      return cotangent;
    });
    const isCheckpoint = step % patience === 0;
    adam.startStep();
    active = active.filter((example, i) => {
      const image = row(images, example, features);
      const margin = goalMargin(logits, rows, i);
      const isReached = reachesGoal(logits, rows, i) && margin >= confidence;
      if (isReached) descent.onReached(example, image);
      if (descent.isDone?.(example)) return false;
      const slope = row(gradient, i, features);
      const distance = penalty(image, row(originals, example, features), slope, example);
      adam.move(example, slope);
      if (!isCheckpoint) return true;
      const objective = distance + weights[example] * Math.max(confidence - margin, 0);
      const isStuck = objective > lastObjective[example] * (1 - LEAST_GAIN);
      lastObjective[example] = objective;
      return !isStuck;
    });
  }
  return images;
}

/** Adam on the w of every pixel that may move; the others stay exactly as they are. */
class PixelAdam {
  readonly #images: Float32Array;
  readonly #mask: Uint8Array | undefined;
  readonly #features: number;
  readonly #learningRate: number;
  readonly #w: Float64Array;
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  #step = 0;

  /** Moves pixels at 0 and 1 slightly inside, in place. */
  constructor(
    images: Float32Array,
    mask: Uint8Array | undefined,
    features: number,
    learningRate: number,
  ) {
    this.#images = images;
    this.#mask = mask;
    this.#features = features;
    this.#learningRate = learningRate;
    this.#w = Float64Array.from(images, (value) => Math.atanh((2 * value - 1) * SQUEEZE));
    this.#mean = new Float32Array(images.length);
    this.#square = new Float32Array(images.length);
    this.#w.forEach((w, at) => {
      if (mask?.[at] !== 0) images[at] = imageOf(w);
    });
  }

  startStep(): void {
    this.#step++;
  }

  /** Moves an example's image, given the objective's slope in its pixels. */
  move(example: number, slope: Float32Array): void {
    const [images, mask, w] = [this.#images, this.#mask, this.#w];
    const [mean, square] = [this.#mean, this.#square];
    const rate = this.#learningRate / (1 - BETA1 ** this.#step);
    const correction = 1 / (1 - BETA2 ** this.#step);
    const offset = example * this.#features;
    for (let p = 0; p < slope.length; p++) {
      const at = offset + p;
      if (mask !== undefined && mask[at] === 0) continue;
      const g = 2 * slope[p] * images[at] * (1 - images[at]);
      const m = BETA1 * mean[at] + (1 - BETA1) * g;
      const v = BETA2 * square[at] + (1 - BETA2) * g * g;
      mean[at] = m;
      square[at] = v;
      w[at] -= (rate * m) / (Math.sqrt(v * correction) + EPSILON);
      images[at] = imageOf(w[at]);
    }
  }
}

/** (tanh(w) + 1) / 2, in a third of the time. */
const imageOf = (w: number): number => 1 / (1 + Math.exp(-2 * w));

/** Adds the logit gradient of -c * (goal margin). */
function addGoalSlope(
  scores: Float32Array,
  { labels, targets }: ClassTargets,
  index: number,
  weight: number,
  cotangent: Float32Array,
): void {
  const { winner, loser } = marginClasses(scores, labels[index], targets?.[index]);
  cotangent[winner] -= weight;
  cotangent[loser] += weight;
}
