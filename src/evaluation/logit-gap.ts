/**
 * How far the largest logit is above the next one: the scale that a defensively distilled model
 * inflates. In float32 `1 - softmax` loses its signs once the gap passes about 16, and the other
 * probabilities underflow to 0 past about 104.
 */
import { gapOf, rowsOfLogits } from './clean.ts';

/** Bins of the histogram: [2^(b/2), 2^((b+1)/2)) for b from `GAP_FROM` to `GAP_TO`; ends are open. */
export const GAP_FROM = -8;
export const GAP_TO = 23;

/** How many rows of logits `[count, classes]` have their gap in each bin, from `GAP_FROM` up. */
export function logitGaps(logits: Float32Array, classes: number): number[] {
  const histogram = new Array<number>(GAP_TO - GAP_FROM + 1).fill(0);
  for (const own of rowsOfLogits(logits, classes)) {
    const bin = Math.floor(2 * Math.log2(gapOf(own)));
    histogram[Math.min(Math.max(bin, GAP_FROM), GAP_TO) - GAP_FROM]++;
  }
  return histogram;
}
