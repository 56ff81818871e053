/** How a model answers before any attack: what its logits look like and whether they can be trusted. */
import { argmax, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats } from '../data/index.ts';
import { RandomStream } from '../engine/index.ts';
import type { Classifier } from '../models/index.ts';
import { batches, batchSizeFor, type Rate, rateOf, yieldToEventLoop } from './accuracy.ts';
import { rowsOfLogits } from './clean.ts';

/** Logits of two calls that differ by more than this share of their size are different answers. */
const SAME_ANSWER = 1e-5;
/** A change of every pixel that no image should be insensitive to, far below one gray level (1/255). */
const PROBE_DELTA = 1e-4;
/** How far from 1 the sum of a row may be that passes for probabilities. */
const SUM_SLACK = 1e-3;

export interface AnswerSummary {
  /** Images whose logits, or with several draws whose class, differ between two calls. */
  readonly unstable: Rate;
  /** Images whose logits do not change at all when every pixel is changed by 0.0001. */
  readonly insensitive: Rate;
  /** Images whose outputs are all in [0, 1] and add up to 1. */
  readonly probabilities: Rate;
  /** Whether each image got the same answer again. */
  readonly repeated: boolean[];
}

/** The images at `positions` with every pixel moved up or down by `PROBE_DELTA`, inside [0, 1]. */
function probesAt(
  dataset: Dataset,
  positions: readonly number[],
  stream: RandomStream,
): Float32Array {
  const images = imagesAsFloats(dataset, positions);
  const features = images.length / positions.length;
  positions.forEach((position, i) => {
    const own = stream.child(dataset.indices[position]);
    const image = row(images, i, features);
    for (let p = 0; p < image.length; p++) {
      const moved = image[p] + (own.uint32() & 1 ? PROBE_DELTA : -PROBE_DELTA);
      image[p] = Math.min(1, Math.max(0, moved));
    }
  });
  return images;
}

const differs = (first: Float32Array, second: Float32Array): boolean =>
  first.some((z, j) => Math.abs(z - second[j]) > SAME_ANSWER * Math.max(1, Math.abs(z)));

const differsInClass = (first: Float32Array, second: Float32Array): boolean =>
  argmax(first) !== argmax(second);

function isDistribution(outputs: Float32Array): boolean {
  const sum = outputs.reduce((total, z) => total + z, 0);
  return outputs.every((z) => z >= 0 && z <= 1) && Math.abs(sum - 1) < SUM_SLACK;
}

/**
 * Measures the answers to the images at `positions`: two passes, one to see whether the answers
 * repeat and one on images that are a little different.
 * @param logits `[positions.length, classes]`, the first answers
 * @param settings seed of the images that are a little different; how many draws an answer averages
 */
export async function measureAnswers(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  logits: Float32Array,
  { seed, draws }: { readonly seed: number; readonly draws: number },
): Promise<AnswerSummary> {
  const oracle = new Oracle(classifier);
  const isOther = draws > 1 ? differsInClass : differs;
  const stream = new RandomStream(seed, 'evaluation/nudge');
  const answers = rowsOfLogits(logits, oracle.classes);
  const repeated: boolean[] = [];
  let insensitive = 0;
  let done = 0;
  for (const batch of batches(positions, batchSizeFor(oracle.features))) {
    const again = await oracle.logits(imagesAsFloats(dataset, batch));
    const moved = await oracle.logits(probesAt(dataset, batch, stream));
    for (let i = 0; i < batch.length; i++) {
      const first = answers[done + i];
      repeated.push(!isOther(first, row(again, i, oracle.classes)));
      const probed = row(moved, i, oracle.classes);
      if (first.every((z, j) => z === probed[j])) insensitive++;
    }
    done += batch.length;
    await yieldToEventLoop();
  }
  const total = positions.length;
  return {
    unstable: rateOf(repeated.filter((one) => !one).length, total),
    insensitive: rateOf(insensitive, total),
    probabilities: rateOf(answers.filter(isDistribution).length, total),
    repeated,
  };
}
