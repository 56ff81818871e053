/** The clean images: one pass gives the logits from which everything about them is worked out. */
import { argmax, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats } from '../data/index.ts';
import { type Classifier, softmaxOf } from '../models/index.ts';
import { batches, batchSizeFor, yieldToEventLoop } from './accuracy.ts';

/**
 * Logits `[positions.length, classes]` of the images at `positions`, a batch at a time.
 * @param onBatch receives the number of images of every batch that is done
 */
export async function cleanLogits(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  onBatch: (count: number) => void = () => {},
): Promise<Float32Array> {
  const oracle = new Oracle(classifier);
  const logits = new Float32Array(positions.length * oracle.classes);
  let done = 0;
  for (const batch of batches(positions, batchSizeFor(oracle.features))) {
    logits.set(await oracle.logits(imagesAsFloats(dataset, batch)), done * oracle.classes);
    done += batch.length;
    onBatch(batch.length);
    await yieldToEventLoop();
  }
  return logits;
}

/** The rows of logits `[count, classes]`, as views. */
export const rowsOfLogits = (logits: Float32Array, classes: number): Float32Array[] =>
  Array.from({ length: logits.length / classes }, (_, i) => row(logits, i, classes));

/** The class with the largest logit of every row. */
export const predictedClasses = (logits: Float32Array, classes: number): number[] =>
  rowsOfLogits(logits, classes).map(argmax);

/** Probability, at T = 1, of the predicted class of every row. */
export const confidencesOf = (logits: Float32Array, classes: number): number[] =>
  rowsOfLogits(softmaxOf(logits, classes, 1), classes).map((probabilities) =>
    Math.max(...probabilities),
  );
