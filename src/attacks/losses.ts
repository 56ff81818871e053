/**
 * The functions that attacks climb, as pure functions of one row of logits.
 *
 * Each gives its value and its gradient with respect to the logits; the oracle carries that
 * gradient back to the image. They are written out by hand, and round to float32 where a
 * framework's kernels would, because that rounding *is* the subject: on a distilled model it
 * decides which loss sees anything at all.
 *
 * Untargeted losses rise as the true class loses; targeted ones rise as the target wins.
 * `margin` and `dlr` are positive exactly when the goal is reached (ties apart).
 *
 * Papers: Carlini & Wagner 2017 (margin), Croce & Hein 2020 (DLR and its targeted form).
 */
import { UserError } from '../errors.ts';
import type { LossName } from './types.ts';

const { fround, exp, log } = Math;

/** Keras clips probabilities to [1e-7, 1 - 1e-7] before the logarithm; beyond, no gradient flows. */
const CLIP_LOW = fround(1e-7);
const CLIP_HIGH = fround(1 - 1e-7);
/** Keeps DLR's denominator from 0, as in the authors' code. */
const DLR_GUARD = 1e-12;

/** What a loss is a loss *of*: the true class, the target (if any) and the training temperature. */
export interface LossTarget {
  readonly label: number;
  readonly target: number | undefined;
  readonly temperature: number;
}

/** Writes the gradient `[classes]` into `gradient` and returns the value. */
type Loss = (logits: Float32Array, subject: LossTarget, gradient: Float32Array) => number;

/** Index of the largest value, the first where several are equal. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Index of the largest value other than at `excluded`. */
export function argmaxExcept(values: ArrayLike<number>, excluded: number): number {
  let best = excluded === 0 ? 1 : 0;
  for (let i = best + 1; i < values.length; i++) {
    if (i !== excluded && values[i] > values[best]) best = i;
  }
  return best;
}

/** Indices by falling value; equal values keep their order. */
export function ranking(values: Float32Array): number[] {
  return Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
}

/** Softmax of `logits / temperature` in float32 arithmetic, into `out`. */
export function softmax32(logits: Float32Array, temperature: number, out: Float32Array): void {
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of logits) max = Math.max(max, fround(logit / temperature));
  let sum = 0;
  for (let j = 0; j < logits.length; j++) {
    out[j] = exp(fround(fround(logits[j] / temperature) - max));
    sum = fround(sum + out[j]);
  }
  for (let j = 0; j < logits.length; j++) out[j] /= sum;
}

/** Cross-entropy on float32 probabilities, clipped as Keras does, differentiated as a tape would. */
const probabilities: Loss = (logits, { label, target }, gradient) => {
  const subject = target ?? label;
  const sign = target === undefined ? 1 : -1;
  softmax32(logits, 1, gradient);
  const p = gradient[subject];
  const clipped = Math.min(Math.max(p, CLIP_LOW), CLIP_HIGH);
  const value = sign * fround(-log(clipped));
  if (p !== clipped) {
    gradient.fill(0);
    return value;
  }
  const upstream = fround(-1 / p);
  const pulled = fround(upstream * p);
  for (let j = 0; j < gradient.length; j++) {
    const own = j === subject ? pulled : 0;
    gradient[j] = sign * fround(own - fround(pulled * gradient[j]));
  }
  return value;
};

function crossEntropy(scaleByTemperature: boolean): Loss {
  return (logits, { label, target, temperature }, gradient) => {
    const subject = target ?? label;
    const sign = target === undefined ? 1 : -1;
    const divisor = scaleByTemperature ? temperature : 1;
    const best = fround(Math.max(...logits) / divisor);
    let sum = 0;
    for (const logit of logits) {
      sum = fround(sum + fround(exp(fround(fround(logit / divisor) - best))));
    }
    softmax32(logits, divisor, gradient);
    gradient[subject] -= 1;
    for (let j = 0; j < gradient.length; j++) gradient[j] *= sign / divisor;
    const gap = fround(best - fround(logits[subject] / divisor));
    return sign * fround(gap + fround(log(sum)));
  };
}

const margin: Loss = (logits, { label, target }, gradient) => {
  const winner = target ?? argmaxExcept(logits, label);
  const loser = target === undefined ? label : argmaxExcept(logits, target);
  gradient.fill(0);
  gradient[winner] = 1;
  gradient[loser] = -1;
  return fround(logits[winner] - logits[loser]);
};

/**
 * (z_other - z_y) / (z_1st - z_3rd), or (z_t - z_y) / (z_1st - (z_3rd + z_4th) / 2) with a target:
 * neither adding to the logits nor multiplying them changes it.
 */
const dlr: Loss = (logits, { label, target }, gradient) => {
  const needed = target === undefined ? 3 : 4;
  if (logits.length < needed) {
    throw new UserError(
      'too-few-classes',
      `the ${target === undefined ? '' : 'targeted '}dlr loss needs at least ${needed} classes, this model has ${logits.length}`,
      { hint: 'use the margin loss' },
    );
  }
  const order = ranking(logits);
  const winner = target ?? (order[0] === label ? order[1] : order[0]);
  const low = target === undefined ? [order[2], order[2]] : [order[2], order[3]];
  const numerator = logits[winner] - logits[label];
  const denominator = logits[order[0]] - (logits[low[0]] + logits[low[1]]) / 2 + DLR_GUARD;
  const slope = -numerator / (denominator * denominator);
  gradient.fill(0);
  gradient[winner] += 1 / denominator;
  gradient[label] -= 1 / denominator;
  gradient[order[0]] += slope;
  for (const index of low) gradient[index] -= slope / 2;
  return fround(numerator / denominator);
};

const BY_NAME: Readonly<Record<LossName, Loss>> = {
  softmax: probabilities,
  logits: crossEntropy(false),
  temperature: crossEntropy(true),
  margin,
  dlr,
};

/**
 * The loss at one row of logits; writes its gradient `[classes]` into `gradient`.
 * @throws UserError `too-few-classes` for `dlr` below three classes (four with a target)
 */
export function lossAt(
  name: LossName,
  logits: Float32Array,
  subject: LossTarget,
  gradient: Float32Array,
): number {
  return BY_NAME[name](logits, subject, gradient);
}
