/**
 * The optimiser that Carlini & Wagner's three attacks share: Adam on w, where the image is
 * (tanh(w) + 1) / 2, against  distance + c * max(confidence - goal margin, 0).
 *
 * The change of variables keeps pixels in [0, 1] without clipping. A pixel at exactly 0 or 1 would
 * sit at infinity and never move; as in the authors' code it starts a hair inside (`SQUEEZE`), and
 * Adam, which looks at signs more than at sizes, brings it out of tanh's flat end.
 *
 * Paper: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks".
 */
import { gather, goalMargin, range, reachesGoal, row } from './batch.ts';
import { argmaxExcept } from './losses.ts';
import type { Oracle, Subjects } from './oracle.ts';

const SQUEEZE = 0.999999;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** A run is given up when a tenth of its steps has not lowered the objective by this share. */
const LEAST_GAIN = 1e-4;

/** The part of the objective that keeps the image near: its value and slope for one pixel. */
export interface Penalty {
  value(change: number, example: number): number;
  slope(change: number, example: number): number;
}

/** Squared L2 distance. */
export const SQUARES: Penalty = {
  value: (change) => change * change,
  slope: (change) => 2 * change,
};

export interface Descent {
  readonly oracle: Oracle;
  /** `[count, features]` */
  readonly originals: Float32Array;
  readonly starts: Float32Array;
  readonly subjects: Subjects;
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
export function descend(descent: Descent): Float32Array {
  const { oracle, originals, subjects, penalty, weights, mask, steps, confidence } = descent;
  const { features, classes } = oracle;
  const count = originals.length / features;
  const images = descent.starts.slice();
  const w = images.map((value) => Math.atanh((2 * value - 1) * SQUEEZE));
  const m = new Float32Array(w.length);
  const v = new Float32Array(w.length);
  const lastObjective = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const patience = Math.max(1, Math.floor(steps / 10));
  let active = range(count);
  for (let step = 1; step <= steps && active.length > 0; step++) {
    const rows: Subjects = {
      labels: active.map((i) => subjects.labels[i]),
      targets: subjects.targets && active.map((i) => (subjects.targets as ArrayLike<number>)[i]),
    };
    const { logits, gradient } = oracle.backward(gather(images, active, features), (all) => {
      const pull = new Float32Array(all.length);
      active.forEach((example, i) => {
        if (goalMargin(all, rows, i) >= confidence && confidence > 0) return;
        if (reachesGoal(all, rows, i) && confidence === 0) return;
        pullToGoal(row(all, i, classes), rows, i, weights[example], row(pull, i, classes));
      });
      return pull;
    });
    const correction1 = 1 - BETA1 ** step;
    const correction2 = 1 - BETA2 ** step;
    const isCheckpoint = step % patience === 0;
    const unfinished: number[] = [];
    active.forEach((example, i) => {
      const image = row(images, example, features);
      const margin = goalMargin(logits, rows, i);
      const isReached = reachesGoal(logits, rows, i) && margin >= confidence;
      if (isReached) descent.onReached(example, image);
      if (descent.isDone?.(example)) return;
      let objective = weights[example] * Math.max(confidence - margin, 0);
      const slope = row(gradient, i, features);
      const offset = example * features;
      for (let p = 0; p < features; p++) {
        const at = offset + p;
        const change = image[p] - originals[at];
        objective += penalty.value(change, example);
        if (mask && mask[at] === 0) continue;
        const outer = slope[p] + penalty.slope(change, example);
        const inner = 2 * image[p] - 1;
        const g = (outer * (1 - inner * inner)) / 2;
        m[at] = BETA1 * m[at] + (1 - BETA1) * g;
        v[at] = BETA2 * v[at] + (1 - BETA2) * g * g;
        w[at] -=
          (descent.learningRate * (m[at] / correction1)) /
          (Math.sqrt(v[at] / correction2) + EPSILON);
        image[p] = (Math.tanh(w[at]) + 1) / 2;
      }
      const isStuck = isCheckpoint && objective > lastObjective[example] * (1 - LEAST_GAIN);
      if (isCheckpoint) lastObjective[example] = objective;
      if (!isStuck) unfinished.push(example);
    });
    active = unfinished;
  }
  return images;
}

/** The logit gradient of -c * (goal margin), the way down. */
function pullToGoal(
  scores: Float32Array,
  { labels, targets }: Subjects,
  index: number,
  weight: number,
  pull: Float32Array,
): void {
  const winner = targets ? targets[index] : argmaxExcept(scores, labels[index]);
  const loser = targets ? argmaxExcept(scores, targets[index]) : labels[index];
  pull[winner] -= weight;
  pull[loser] += weight;
}
