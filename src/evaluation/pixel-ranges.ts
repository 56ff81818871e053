/** Which scaling of pixels a model was trained with, by trying the usual ones on labeled images. */
import * as tf from '@tensorflow/tfjs-core';
import { type Dataset, subset } from '../data/index.ts';
import {
  classesOf,
  factorsOf,
  logitsOf,
  type Model,
  type Normalization,
  type PixelScaling,
} from '../models/index.ts';
import { holm, mcnemar } from '../statistics.ts';

/** Ranges of black and white in use. The first is what models get where nothing else is said. */
const RANGES: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, 255],
  [-1, 1],
  [-0.5, 0.5],
  [1, 0],
  [255, 0],
  [1, -1],
];

/** Means and standard deviations of data sets, as training scripts have them. */
const GRAY: readonly Normalization[] = [
  { mean: [0.1307], std: [0.3081] }, // MNIST
  { mean: [0.286], std: [0.353] }, // Fashion-MNIST
  { mean: [0.449], std: [0.226] }, // ImageNet, in gray
];
const COLOR: readonly Normalization[] = [
  { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] }, // CIFAR-10
  { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] }, // CIFAR-10, as often copied
  { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }, // ImageNet
];

/** A trial on fewer images decides which scalings are tried on all. */
const SCREENING_IMAGES = 1000;
const MAX_IMAGES = 10_000;
/** Below this p-value, a scaling is worse than another on the same images. */
const LEVEL = 0.01;
/** Share of the way from chance to no mistakes that a model goes at least where its range is right. */
const LEAST_SKILL = 0.25;

/** How a model does with one scaling. */
export interface ScalingTrial {
  readonly scaling: PixelScaling;
  readonly accuracy: number;
}

/**
 * - `given`: no other scaling is significantly better;
 * - `other`: the best one is;
 * - `unclear`: with none is the model much better than chance on these images.
 */
export type RangeFinding = 'given' | 'other' | 'unclear';

export interface RangeTrials {
  readonly finding: RangeFinding;
  readonly given: ScalingTrial;
  readonly best: ScalingTrial;
  /** Images that `given` and `best` were compared on. */
  readonly images: number;
  /** The p-value that `best` is no better than `given`, corrected for the number of trials. */
  readonly p: number;
  /** Every scaling, on the images of the first round. */
  readonly screened: readonly ScalingTrial[];
}

interface Answers {
  readonly scaling: PixelScaling;
  readonly right: readonly boolean[];
  readonly hits: number;
  /** Sum of log-probabilities of the true classes. */
  readonly likelihood: number;
}

/** Mean and standard deviation of each channel, to the four places that scripts have. */
function ownNormalization({ images, shape }: Dataset): Normalization {
  const [, , channels] = shape;
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = 0; i < images.length; i++) {
    const value = images[i] / 255;
    sums[i % channels] += value;
    squares[i % channels] += value * value;
  }
  const count = images.length / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  const std = mean.map((one, c) => Math.sqrt(Math.max(squares[c] / count - one * one, 1e-8)));
  const places = (value: number) => Number(value.toFixed(4));
  return { mean: mean.map(places), std: std.map(places) };
}

/** Whether two normalizations are of the same data, computed on other images of it. */
function areNear(a: Normalization, b: Normalization): boolean {
  const near = (x: readonly number[], y: readonly number[]) =>
    x.every((value, c) => Math.abs(value - y[c]) < 0.01);
  return near(a.mean, b.mean) && near(a.std, b.std);
}

/** The scalings to try, `given` first. */
function scalingsToTry(given: PixelScaling, training: Dataset): PixelScaling[] {
  const [, , channels] = training.shape;
  const named = channels === 1 ? GRAY : channels === 3 ? COLOR : [];
  const own = [ownNormalization(training)].filter((one) => !named.some((two) => areNear(one, two)));
  const all: PixelScaling[] = [
    given,
    ...RANGES.map((inputRange) => ({ inputRange })),
    ...[...named, ...own].map((normalization) => ({ normalization })),
  ];
  const spread = all.map((scaling) => {
    const { scale, offset } = factorsOf(scaling, channels);
    return Array.from({ length: channels }, (_, c) => [
      scale[c] ?? scale[0],
      offset[c] ?? offset[0],
    ]);
  });
  return all.filter((_, i) => spread.findIndex((one) => `${one}` === `${spread[i]}`) === i);
}

async function answersWith(scaling: PixelScaling, model: Model, images: Dataset): Promise<Answers> {
  const { scale, offset } = factorsOf(scaling, images.shape[2]);
  const { classes } = model;
  const scaled = {
    classes,
    logits: (batch: tf.Tensor4D) =>
      tf.tidy(() =>
        model.logits(tf.add(tf.mul(batch, tf.tensor1d([...scale])), tf.tensor1d([...offset]))),
      ),
  };
  const logits = await logitsOf(scaled, images);
  const right = Array.from(classesOf(logits, classes), (c, i) => c === images.labels[i]);
  const likelihood = Array.from(images.labels).reduce((sum, label, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const top = row.reduce((a, b) => Math.max(a, b));
    const total = row.reduce((all, z) => all + Math.exp(z - top), 0);
    return sum + row[label] - top - Math.log(total);
  }, 0);
  return { scaling, right, hits: right.filter(Boolean).length, likelihood };
}

/** The p-value that two scalings do as well as each other. */
function pairedP(first: Answers, second: Answers): number {
  const onlyFirst = first.right.filter((right, i) => right && !second.right[i]).length;
  const onlySecond = second.right.filter((right, i) => right && !first.right[i]).length;
  return mcnemar(onlyFirst, onlySecond);
}

const mostHits = (all: readonly Answers[]) => all.reduce((a, b) => (b.hits > a.hits ? b : a));

/**
 * The best of some scalings: of those that are not significantly less accurate than the most
 * accurate one, the one with the largest likelihood.
 */
function bestOf(all: readonly Answers[]): Answers {
  const leader = mostHits(all);
  const level = all.filter((one) => pairedP(leader, one) >= LEVEL);
  return level.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
}

function isSkilled({ hits }: Answers, { labels, count }: Dataset): boolean {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const chance = Math.max(...counts.values()) / count;
  return hits / count >= chance + LEAST_SKILL * (1 - chance);
}

/**
 * Tries a model on labeled images with the usual scalings of pixels, and with mean and standard
 * deviation of the training images.
 * @param model takes pixels as they were in its training, not in [0, 1]
 * @param given the scaling to hold against the others
 * @param images to try it on: the first 10,000
 */
export async function tryPixelRanges(
  model: Model,
  given: PixelScaling,
  images: Dataset,
  training: Dataset,
): Promise<RangeTrials> {
  const first = (count: number) =>
    subset(
      images,
      images.name,
      Uint32Array.from({ length: Math.min(count, images.count) }, (_, i) => i),
    );
  const screening = first(SCREENING_IMAGES);
  const screened: Answers[] = [];
  for (const scaling of scalingsToTry(given, training)) {
    screened.push(await answersWith(scaling, model, screening));
  }
  const leader = mostHits(screened);
  const isLeft = (one: Answers, i: number) => i === 0 || pairedP(leader, one) >= LEVEL;
  const left = screened.filter(isLeft).map(({ scaling }) => scaling);
  const all = first(MAX_IMAGES);
  const decisive: Answers[] = [];
  for (const scaling of left) decisive.push(await answersWith(scaling, model, all));
  const [own] = decisive;
  const best = bestOf(decisive);
  // Holm's correction of the smallest of as many p-values as there were other scalings.
  const others = new Array<number>(Math.max(0, screened.length - 2)).fill(1);
  const [p] = holm([pairedP(best, own), ...others]);
  const trial = ({ scaling, hits, right }: Answers) => ({ scaling, accuracy: hits / right.length });
  const isOther = best.hits > own.hits && p < LEVEL;
  return {
    finding: isSkilled(best, all) ? (isOther ? 'other' : 'given') : 'unclear',
    given: trial(own),
    best: trial(best),
    images: all.count,
    p,
    screened: screened.map(trial),
  };
}
