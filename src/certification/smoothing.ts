/**
 * Randomized smoothing: the smoothed model answers what its base model answers most often when normal
 * noise is added, and that answer provably stays within an L2 radius.
 *
 * Paper: Cohen, Rosenfeld & Kolter 2019, "Certified Adversarial Robustness via Randomized Smoothing"
 * (algorithm CERTIFY, arXiv 1902.02918). Cost: `draws` + 100 forward passes an image. What is certified
 * is the smoothed model, wrongly with a probability of at most `alpha` an image; noise and answers are
 * float32, which the theorem does not know.
 */
import { range, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imageSize, imagesAsFloats } from '../data/index.ts';
import { RandomStream } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import { type Classifier, classesOf } from '../models/index.ts';
import { lowerBoundOfRate, normalQuantile } from '../statistics.ts';

/** Draws that choose the class whose probability the others then bound (Cohen et al.'s n0). */
export const SELECTION_DRAWS = 100;
/** Beyond it the interval's continued fraction would need more terms than are summed. */
export const MOST_DRAWS = 1_000_000;

/** The answer of the smoothed model to one image, and how sure it is. */
export interface SmoothedAnswer {
  /** The class that most of the first draws gave. */
  readonly predicted: number;
  /** How many of the draws gave it. */
  readonly hits: number;
  /** Lower bound of the probability that a draw gives it. */
  readonly low: number;
  /** L2 radius within which the answer stays; null: abstained, as that bound is not above 1/2. */
  readonly radius: number | null;
}

export interface Smoothing {
  /** Standard deviation of the noise, in pixel values. */
  readonly sigma: number;
  /** Draws of noise an image. */
  readonly draws: number;
  /** Largest probability that an image's certificate is wrong. */
  readonly alpha: number;
  readonly seed: number;
}

export interface SmoothingJob extends Smoothing {
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  /** Position of the image in the data set. */
  readonly position: number;
}

/** @throws UserError `bad-plan` */
export function checkSmoothing({ sigma, draws, alpha }: Smoothing): void {
  const problem = !(sigma > 0 && sigma <= 10)
    ? `sigma is above 0 and at most 10, found ${sigma}`
    : !(Number.isInteger(draws) && draws >= 1 && draws <= MOST_DRAWS)
      ? `draws are an integer from 1 to ${MOST_DRAWS}, found ${draws}`
      : !(alpha > 0 && alpha < 0.5)
        ? `alpha is above 0 and below 0.5, found ${alpha}`
        : undefined;
  if (problem !== undefined) throw new UserError('bad-plan', problem);
}

/** What `hits` of `draws` prove of the class that was chosen before. */
export function radiusOf(
  hits: number,
  { sigma, draws, alpha }: Omit<Smoothing, 'seed'>,
): Pick<SmoothedAnswer, 'low' | 'radius'> {
  const low = lowerBoundOfRate(hits, draws, alpha);
  return { low, radius: low > 0.5 ? sigma * normalQuantile(low) : null };
}

/** The radius that would be certified if every draw gave the same class. */
export const largestRadius = (smoothing: Omit<Smoothing, 'seed'>): number =>
  radiusOf(smoothing.draws, smoothing).radius ?? 0;

/** Pixels of all images of a pass together: enough to keep every core busy, few enough for the cache. */
const PIXELS_AT_ONCE = 2 ** 18;

/**
 * Certifies one image. Its noise comes from a stream of its own, so that the answer depends on nothing
 * but image, model, noise and seed.
 * @throws RunError `not-finite`
 */
export async function smoothImage(job: SmoothingJob): Promise<SmoothedAnswer> {
  const { dataset, position, seed, draws } = job;
  const stream = new RandomStream(seed, 'smoothing').child(dataset.indices[position]);
  const selection = await countClasses(job, SELECTION_DRAWS, stream.child('selection'));
  const predicted = selection.indexOf(Math.max(...selection));
  const hits = (await countClasses(job, draws, stream.child('estimation')))[predicted];
  return { predicted, hits, ...radiusOf(hits, job) };
}

/** How often each class is the answer to the image with noise. */
async function countClasses(
  { classifier, dataset, position, sigma }: SmoothingJob,
  draws: number,
  stream: RandomStream,
): Promise<number[]> {
  const size = imageSize(dataset);
  const image = imagesAsFloats(dataset, [position]);
  const oracle = new Oracle(classifier);
  const counts = range(classifier.classes).map(() => 0);
  const atOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / size));
  const noisy = new Float32Array(Math.min(atOnce, draws) * size);
  for (let done = 0; done < draws; done += atOnce) {
    const count = Math.min(atOnce, draws - done);
    const batch = noisy.subarray(0, count * size);
    stream.fillNormal(batch, sigma);
    for (let i = 0; i < count; i++) {
      const one = row(batch, i, size);
      for (let p = 0; p < size; p++) one[p] += image[p];
    }
    for (const answer of classesOf(await oracle.logits(batch), classifier.classes))
      counts[answer]++;
    // Lets a signal or a timer through: the engine works synchronously.
    await new Promise(setImmediate);
  }
  return counts;
}
