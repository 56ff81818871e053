/**
 * How far the largest logit stands above the next one: the scale that a defensively distilled
 * model inflates. In float32 `1 - softmax` loses its signs once the gap passes about 16, and the
 * other probabilities underflow to 0 past about 104.
 */
import { ranking, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats } from '../data/index.ts';
import type { Classifier } from '../models/index.ts';
import { batches, yieldToEventLoop } from './accuracy.ts';

/** Bins of the histogram: [2^(b/2), 2^((b+1)/2)) for b from `GAP_FROM` to `GAP_TO`; ends are open. */
export const GAP_FROM = -8;
export const GAP_TO = 23;

/** How many of the images at `positions` have their logit gap in each bin, from `GAP_FROM` up. */
export async function logitGaps(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
): Promise<number[]> {
  const histogram = new Array<number>(GAP_TO - GAP_FROM + 1).fill(0);
  const oracle = new Oracle(classifier);
  for (const batch of batches(positions)) {
    const logits = oracle.logits(imagesAsFloats(dataset, batch));
    for (let i = 0; i < batch.length; i++) {
      const own = row(logits, i, classifier.classes);
      const [first, second] = ranking(own);
      const bin = Math.floor(2 * Math.log2(own[first] - own[second]));
      histogram[Math.min(Math.max(bin, GAP_FROM), GAP_TO) - GAP_FROM]++;
    }
    await yieldToEventLoop();
  }
  return histogram;
}
