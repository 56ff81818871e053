/**
 * The labels of extended defensive distillation (Papernot & McDaniel 2017, arXiv 1705.05264): where a
 * teacher's logits change from one dropout pass to the next, part of an image's label goes to one more
 * class, that of outliers.
 *
 * Uncertainty of an image: the variances of its logits over the passes, summed over the classes. Its
 * label: `share` times its uncertainty over the largest one at the outlier class, the rest at its own.
 * Cost: `passes` forward passes an image.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Dataset, imagesAsFloats, type Labels } from '../data/index.ts';
import { RandomStream } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import type { Model } from '../models/index.ts';
import { drawnFrom } from './step.ts';

/** How labels with an outlier class are made. */
export interface OutlierOptions {
  /** Forward passes with dropout that an image gets: at least 2. */
  readonly passes: number;
  /** Of the most uncertain image's label, what goes to the outlier class: in (0, 1]. */
  readonly share: number;
  readonly seed: number;
}

/** @throws UserError `bad-plan` for options out of range, or a temperature other than 1 */
export function checkOutlierOptions({ passes, share }: OutlierOptions, temperature: number): void {
  const problem = !(Number.isInteger(passes) && passes >= 2)
    ? `an uncertainty takes at least 2 dropout passes, found ${passes}`
    : !(share > 0 && share <= 1)
      ? `the share of the outlier class goes from 0 to 1, found ${share}`
      : temperature !== 1
        ? `labels with an outlier class are learned at T = 1, found ${temperature}`
        : undefined;
  if (problem === undefined) return;
  throw new UserError('bad-plan', problem, {
    hint: 'leave it out to take the default',
  });
}

const BATCH = 128;

/**
 * The uncertainty of every image.
 * @param onBatch receives how many images are done
 * @returns `[count]`, at least 0
 * @throws UserError `no-dropout` for a model that gives the same in every pass
 */
export async function dropoutUncertainties(
  model: Model,
  dataset: Pick<Dataset, 'shape' | 'images' | 'count'>,
  { passes, seed }: Pick<OutlierOptions, 'passes' | 'seed'>,
  onBatch: (done: number) => void = () => {},
): Promise<Float64Array> {
  if (!model.dropouts.some(({ layer }) => layer.rate > 0)) {
    throw new UserError('no-dropout', 'the teacher has no dropout layer to be uncertain by', {
      hint: 'train one with dropout, such as the architectures cnn and papernot-mnist',
    });
  }
  const stream = new RandomStream(seed, 'dropout passes');
  const uncertainties = new Float64Array(dataset.count);
  for (let start = 0; start < dataset.count; start += BATCH) {
    const length = Math.min(BATCH, dataset.count - start);
    const positions = Array.from({ length }, (_, i) => start + i);
    const images = tf.tensor4d(imagesAsFloats(dataset, positions), [length, ...dataset.shape]);
    const moments = new Moments(length * model.classes);
    for (let pass = 0; pass < passes; pass++) {
      const mask = drawnFrom(stream.child(`${start}/${pass}`));
      const logits = tf.tidy(() => model.trainingLogits(images, mask));
      moments.add(await logits.data<'float32'>());
      logits.dispose();
    }
    images.dispose();
    moments.variances.forEach((variance, i) => {
      uncertainties[start + Math.floor(i / model.classes)] += variance;
    });
    onBatch(start + length);
  }
  return uncertainties;
}

/** Means and variances of values that come one array after the other (Welford 1962). */
class Moments {
  readonly #means: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(length: number) {
    this.#means = new Float64Array(length);
    this.#squares = new Float64Array(length);
  }

  add(values: ArrayLike<number>): void {
    this.#count++;
    for (let i = 0; i < values.length; i++) {
      const difference = values[i] - this.#means[i];
      this.#means[i] += difference / this.#count;
      this.#squares[i] += difference * (values[i] - this.#means[i]);
    }
  }

  /** Over all arrays, not an estimate for more. */
  get variances(): Float64Array {
    return this.#squares.map((square) => square / this.#count);
  }
}

/**
 * Labels with an outlier class, which comes last.
 * @param labels a class for each uncertainty
 * @returns `[count, classes + 1]`, rows sum to 1
 */
export function outlierLabels(
  labels: Labels,
  uncertainties: Float64Array,
  classes: number,
  share: number,
): Float32Array {
  const most = uncertainties.reduce((a, b) => Math.max(a, b), 0);
  const width = classes + 1;
  const rows = new Float32Array(labels.length * width);
  for (let i = 0; i < labels.length; i++) {
    const outlier = most > 0 ? (share * uncertainties[i]) / most : 0;
    rows[i * width + labels[i]] = 1 - outlier;
    rows[i * width + classes] = outlier;
  }
  return rows;
}
