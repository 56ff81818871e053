/**
 * What is left of a model's input gradients in float32: the first thing to look at before
 * believing any metric that a gradient attack gives.
 */
import { argmaxExcept, row } from '../arrays.ts';
import { LOSSES, type LossName, lossesFor, lossNamed, Oracle } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats, labelsAt } from '../data/index.ts';
import type { Classifier } from '../models/index.ts';
import { toSevenDigits } from '../numbers.ts';
import { batches, batchSizeFor, type Rate, rateOf, yieldToEventLoop } from './accuracy.ts';

/** Decades of |gradient| that the histogram tells apart: 1e-46 (below float32) to 1e4. */
export const HISTOGRAM_FROM = -46;
export const HISTOGRAM_TO = 4;

export interface GradientSummary {
  readonly loss: LossName;
  /** Images whose input gradient is exactly zero in every pixel. */
  readonly zero: Rate;
  /**
   * Pixels whose gradient has another sign than exact arithmetic gives it, zero counting as
   * another sign. For `margin` and `dlr` there is nothing to lose: 0.
   */
  readonly wrongSigns: Rate;
  /** Largest |gradient| of each image, to seven digits. */
  readonly largest: number[];
  /** Pixels of each image whose sign is wrong. */
  readonly wrongPixels: number[];
}

/**
 * The cross-entropy's logit gradient divided by (1 - p_label), in float64: same direction in
 * exact arithmetic, and free of the rounding and the underflow that destroy the float32 one.
 */
function exactDirection(logits: Float32Array, label: number, divisor: number): Float64Array {
  const top = logits[argmaxExcept(logits, label)];
  const weights = Float64Array.from(logits, (z, j) =>
    j === label ? 0 : Math.exp((z - top) / divisor),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, j) => (j === label ? -1 : weight / sum));
}

/** What is found of one loss, image after image. */
class GradientCounts {
  readonly #largest: number[] = [];
  readonly #wrongPixels: number[] = [];
  #pixels = 0;

  /**
   * Adds the gradient of one image `[features]`; its signs are compared with those of the exact one,
   * if there is one, exact zeros left out.
   */
  add(gradient: Float32Array, exact: Float32Array | undefined): void {
    const largest = gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    this.#largest.push(toSevenDigits(largest));
    let wrong = 0;
    for (let i = 0; exact !== undefined && i < exact.length; i++) {
      if (exact[i] === 0) continue;
      this.#pixels++;
      if (Math.sign(gradient[i]) !== Math.sign(exact[i])) wrong++;
    }
    this.#wrongPixels.push(wrong);
  }

  get summary(): Omit<GradientSummary, 'loss'> {
    const largest = this.#largest;
    const wrongPixels = this.#wrongPixels;
    return {
      zero: rateOf(largest.filter((one) => one === 0).length, largest.length),
      wrongSigns: rateOf(
        wrongPixels.reduce((a, b) => a + b, 0),
        this.#pixels,
      ),
      largest,
      wrongPixels,
    };
  }
}

/**
 * Measures the input gradients of `losses` at the images at `positions`: one forward and one
 * backward pass a loss, and one of each for every exact direction that losses share.
 */
export async function measureGradients(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  losses: readonly LossName[] = lossesFor(classifier.classes, LOSSES),
): Promise<GradientSummary[]> {
  const oracle = new Oracle(classifier);
  const counts = losses.map((loss) => ({
    loss,
    divisor: lossNamed(loss).divisor?.(classifier.temperature),
    found: new GradientCounts(),
  }));
  for (const batch of batches(positions, batchSizeFor(oracle.features))) {
    const images = imagesAsFloats(dataset, batch);
    const labels = labelsAt(dataset, batch);
    const exact = new Map<number, Float32Array>();
    for (const { loss, divisor, found } of counts) {
      const { gradient } = await oracle.lossGradients(loss, images, { labels, targets: undefined });
      let direction: Float32Array | undefined;
      if (divisor !== undefined) {
        direction = exact.get(divisor) ?? (await exactGradients(oracle, divisor, images, labels));
        exact.set(divisor, direction);
      }
      for (let i = 0; i < batch.length; i++) {
        const ofImage = direction && row(direction, i, oracle.features);
        found.add(row(gradient, i, oracle.features), ofImage);
      }
    }
    await yieldToEventLoop();
  }
  return counts.map(({ loss, found }) => ({ loss, ...found.summary }));
}

/**
 * How many images have their largest |gradient| in [10^d, 10^(d+1)), from `HISTOGRAM_FROM` up;
 * gradients of zero are not counted.
 */
export function magnitudeHistogram(largest: readonly number[]): number[] {
  const histogram = new Array<number>(HISTOGRAM_TO - HISTOGRAM_FROM + 1).fill(0);
  for (const magnitude of largest) if (magnitude > 0) histogram[decade(magnitude)]++;
  return histogram;
}

/** Index of a magnitude in the histogram. */
function decade(magnitude: number): number {
  const power = Math.floor(Math.log10(magnitude));
  return Math.min(Math.max(power, HISTOGRAM_FROM), HISTOGRAM_TO) - HISTOGRAM_FROM;
}

/** Input gradients `[count, features]` of the cross-entropy of logits / `divisor`, from exact directions. */
async function exactGradients(
  oracle: Oracle,
  divisor: number,
  images: Float32Array,
  labels: Int32Array,
): Promise<Float32Array> {
  const { classes } = oracle;
  return (
    await oracle.backward(images, (logits) => {
      const cotangent = new Float32Array(logits.length);
      for (let i = 0; i < labels.length; i++) {
        cotangent.set(exactDirection(row(logits, i, classes), labels[i], divisor), i * classes);
      }
      return cotangent;
    })
  ).gradient;
}
