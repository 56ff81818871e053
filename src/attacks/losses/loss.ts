/** What a loss is, and the arithmetic that several of them share. */
const { fround, exp } = Math;

/** Which classes a loss refers to, and the temperature that the model was trained at. */
export interface LossTarget {
  readonly label: number;
  readonly target: number | undefined;
  readonly temperature: number;
}

/**
 * A function that attacks maximize, with its facts.
 *
 * Untargeted losses rise as the true class loses; targeted ones rise as the target wins.
 */
export interface Loss {
  readonly name: string;
  /** One line for tables. */
  readonly about: string;
  /** What maximizing it means on a distilled model, for someone who does not know it. */
  readonly explanation: string;
  /**
   * Whether its gradient can vanish in float32 because logits are far apart, on a model trained at
   * this temperature: its logits are that many times larger than an ordinary model's.
   */
  vanishes(temperature: number): boolean;
  /** Whether multiplying all logits by a factor leaves the direction of its gradient as it is. */
  readonly scaleInvariant: boolean;
  /** Of a cross-entropy: what it divides the logits by, given the training temperature. */
  divisor?(temperature: number): number;
  /** Fewest classes for which it is defined. */
  minClasses(targeted: boolean): number;
  /** The loss at one row of logits `[classes]`; writes its gradient `[classes]` into `gradient`. */
  at(logits: Float32Array, classes: LossTarget, gradient: Float32Array): number;
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

/** Fused cross-entropy of `logits / divisor`, float32; the gradient goes into `gradient`. */
export function crossEntropy32(
  logits: Float32Array,
  { label, target }: LossTarget,
  divisor: number,
  gradient: Float32Array,
): number {
  const index = target ?? label;
  const sign = target === undefined ? 1 : -1;
  const best = fround(Math.max(...logits) / divisor);
  let sum = 0;
  for (const logit of logits) {
    sum = fround(sum + fround(exp(fround(fround(logit / divisor) - best))));
  }
  softmax32(logits, divisor, gradient);
  gradient[index] -= 1;
  for (let j = 0; j < gradient.length; j++) gradient[j] *= sign / divisor;
  const gap = fround(best - fround(logits[index] / divisor));
  return sign * fround(gap + fround(Math.log(sum)));
}
