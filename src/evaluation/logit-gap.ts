/**
 * How far the largest logit is above the next one: the scale that a defensively distilled model
 * inflates. In float32 `1 - softmax` loses its signs once the gap passes about 16, and the other
 * probabilities underflow to 0 past about 104.
 */
import { ranking } from '../arrays.ts';
import { toSevenDigits } from '../numbers.ts';
import { rowsOfLogits } from './clean.ts';

/** Bins of the histogram: [2^(b/2), 2^((b+1)/2)) for b from `GAP_FROM` to `GAP_TO`; ends are open. */
export const GAP_FROM = -8;
export const GAP_TO = 23;

/** The gap of each row of logits `[count, classes]`, to seven digits. */
export function logitGaps(logits: Float32Array, classes: number): number[] {
  return rowsOfLogits(logits, classes).map((own) => {
    const [first, second] = ranking(own);
    return toSevenDigits(own[first] - own[second]);
  });
}

/** The middle one of the gaps in order; 0 of none. */
export const medianGap = (gaps: readonly number[]): number =>
  gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0;

/** How many gaps are in each bin, from `GAP_FROM` up. */
export function gapHistogram(gaps: readonly number[]): number[] {
  const histogram = new Array<number>(GAP_TO - GAP_FROM + 1).fill(0);
  for (const gap of gaps) {
    const bin = Math.floor(2 * Math.log2(gap));
    histogram[Math.min(Math.max(bin, GAP_FROM), GAP_TO) - GAP_FROM]++;
  }
  return histogram;
}
