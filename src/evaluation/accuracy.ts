import { setImmediate } from 'node:timers/promises';
import { argmax, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import type { Classifier } from '../models/index.ts';
import { type Interval, wilson } from '../statistics.ts';

/** Most images, and most values of them, that a pass takes at once: large images need much memory. */
const MOST_IMAGES = 256;
const MOST_VALUES = 2 ** 19;

/** Images of `features` values that a pass takes at once; changes speed, not results. */
export const batchSizeFor = (features: number): number =>
  Math.min(MOST_IMAGES, Math.max(1, Math.floor(MOST_VALUES / features)));

/** A rate with what it was counted from. */
export interface Rate extends Interval {
  readonly hits: number;
  readonly total: number;
  /** hits / total, or 0 of nothing. */
  readonly rate: number;
}

/** A rate with its 95 % Wilson interval. */
export function rateOf(hits: number, total: number): Rate {
  return { hits, total, rate: total === 0 ? 0 : hits / total, ...wilson(hits, total) };
}

export interface AccuracySummary {
  readonly accuracy: Rate;
  /** By true class. */
  readonly perClass: readonly Rate[];
  /** `confusion[true][predicted]`, counts: a row for each class of the data, a column for each answer. */
  readonly confusion: readonly (readonly number[])[];
}

/** Lets timers, signals and progress bars run between two batches. */
export const yieldToEventLoop = (): Promise<void> => setImmediate();

/** Splits positions into batches. */
export function batches(positions: readonly number[], size: number): number[][] {
  const parts: number[][] = [];
  for (let from = 0; from < positions.length; from += size) {
    parts.push(positions.slice(from, from + size));
  }
  return parts;
}

/** The class of every image of a batch `[N, H, W, C]`, float32 in [0, 1]: argmax of the logits. */
export async function classify(classifier: Classifier, images: Float32Array): Promise<Int32Array> {
  const logits = await new Oracle(classifier).logits(images);
  const { classes } = classifier;
  return Int32Array.from({ length: logits.length / classes }, (_, i) =>
    argmax(row(logits, i, classes)),
  );
}

/**
 * Accuracy, accuracy by class and the confusion matrix.
 * @param classes of the data
 * @param answers of the model: more than `classes` where it has an outlier class
 */
export function summarizeAccuracy(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  answers: number = classes,
): AccuracySummary {
  const confusion = Array.from({ length: classes }, () => new Array<number>(answers).fill(0));
  for (let i = 0; i < labels.length; i++) confusion[labels[i]][predicted[i]]++;
  const hits = confusion.map((counts, label) => counts[label]);
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  return {
    accuracy: rateOf(sum(hits), labels.length),
    perClass: confusion.map((counts, label) => rateOf(hits[label], sum(counts))),
    confusion,
  };
}
