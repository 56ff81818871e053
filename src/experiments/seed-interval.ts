/** What some seeds say about a metric: its mean, and how sure that is. */

export interface SeedInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** How many seeds there were. */
  readonly count: number;
}

/** 97.5 % quantiles of Student's t distribution with 1, 2, ... degrees of freedom. */
const T_QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];
/** Of the normal distribution, for more of them. */
const NORMAL_QUANTILE = 1.96;
/** Fewer seeds say nothing about the spread: their interval is what was seen. */
const FEWEST_FOR_T = 3;

/**
 * The mean over seeds with its 95 % interval (Student 1908); of fewer than three seeds, with the
 * smallest and the largest value.
 * @throws RangeError without values
 */
export function seedInterval(values: readonly number[]): SeedInterval {
  const count = values.length;
  if (count === 0) throw new RangeError('a mean of no values');
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const mean = least === most ? least : values.reduce((sum, value) => sum + value, 0) / count;
  if (count < FEWEST_FOR_T) return { mean, low: least, high: most, count };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = (T_QUANTILES[count - 2] ?? NORMAL_QUANTILE) * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half, count };
}
