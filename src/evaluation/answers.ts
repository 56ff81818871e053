/** How a model answers, before any attack: what its logits look like and whether they can be trusted. */
import { ranking, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats } from '../data/index.ts';
import { RandomStream } from '../engine/index.ts';
import type { Classifier } from '../models/index.ts';
import { batches, type Rate, rateOf, yieldToEventLoop } from './accuracy.ts';

/** Logits of two calls that differ by more than this share of their size are different answers. */
const SAME_ANSWER = 1e-5;
/** A change of every pixel that no image should be insensitive to, far below one gray level (1/255). */
const PROBE_DELTA = 1e-4;
/** How far from 1 the sum of a row may be that passes for probabilities. */
const SUM_SLACK = 1e-3;

export interface AnswerSummary {
  /** Images whose logits differ between two calls. */
  readonly unstable: Rate;
  /** Images whose logits do not change at all when every pixel is nudged by 0.0001. */
  readonly insensitive: Rate;
  /** Images whose outputs are all in [0, 1] and add up to 1. */
  readonly probabilities: Rate;
  /** Median over the images of the largest logit minus the second largest. */
  readonly medianGap: number;
}

/** Measures the answers to the images at `positions`. */
export async function measureAnswers(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  seed: number,
): Promise<AnswerSummary> {
  const oracle = new Oracle(classifier);
  const stream = new RandomStream(seed, 'evaluation/nudge');
  const gaps: number[] = [];
  let unstable = 0;
  let insensitive = 0;
  let probabilities = 0;
  for (const batch of batches(positions)) {
    const images = imagesAsFloats(dataset, batch);
    const nudged = images.slice();
    batch.forEach((position, i) => {
      const own = stream.child(dataset.indices[position]);
      const image = row(nudged, i, oracle.features);
      for (let p = 0; p < image.length; p++) {
        const moved = image[p] + (own.uint32() & 1 ? PROBE_DELTA : -PROBE_DELTA);
        image[p] = Math.min(1, Math.max(0, moved));
      }
    });
    const [first, second, moved] = [images, images, nudged].map((each) => oracle.logits(each));
    for (let i = 0; i < batch.length; i++) {
      const [a, b, c] = [first, second, moved].map((logits) => row(logits, i, oracle.classes));
      if (a.some((z, j) => Math.abs(z - b[j]) > SAME_ANSWER * Math.max(1, Math.abs(z)))) unstable++;
      if (a.every((z, j) => z === c[j])) insensitive++;
      const sum = a.reduce((total, z) => total + z, 0);
      if (a.every((z) => z >= 0 && z <= 1) && Math.abs(sum - 1) < SUM_SLACK) probabilities++;
      const [best, next] = ranking(a);
      gaps.push(a[best] - a[next]);
    }
    await yieldToEventLoop();
  }
  gaps.sort((a, b) => a - b);
  const total = positions.length;
  return {
    unstable: rateOf(unstable, total),
    insensitive: rateOf(insensitive, total),
    probabilities: rateOf(probabilities, total),
    medianGap: gaps[gaps.length >> 1] ?? 0,
  };
}
