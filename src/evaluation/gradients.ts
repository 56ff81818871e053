/**
 * What is left of a model's input gradients in float32: the first thing to look at before
 * believing any metric that a gradient attack gives.
 */
import { argmaxExcept, row } from '../arrays.ts';
import { LOSSES, type LossName, lossNamed, Oracle } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats, labelsAt } from '../data/index.ts';
import type { Classifier } from '../models/index.ts';
import { batches, type Rate, rateOf, yieldToEventLoop } from './accuracy.ts';

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
  /** How many images have their largest |gradient| in [10^d, 10^(d+1)), from `HISTOGRAM_FROM` up. */
  readonly histogram: readonly number[];
}

/**
 * The cross-entropy's logit gradient divided by (1 - p_label), in float64: same direction in
 * exact arithmetic, and immune to the rounding and the underflow that eat the real one.
 */
function exactDirection(logits: Float32Array, label: number, divisor: number): Float64Array {
  const top = logits[argmaxExcept(logits, label)];
  const weights = Float64Array.from(logits, (z, j) =>
    j === label ? 0 : Math.exp((z - top) / divisor),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, j) => (j === label ? -1 : weight / sum));
}

/** Measures the input gradients of `losses` at the images at `positions`. */
export async function measureGradients(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  losses: readonly LossName[] = LOSSES,
): Promise<GradientSummary[]> {
  const summaries: GradientSummary[] = [];
  for (const loss of losses) {
    const oracle = new Oracle(classifier);
    const histogram = new Array<number>(HISTOGRAM_TO - HISTOGRAM_FROM + 1).fill(0);
    let zeros = 0;
    let wrong = 0;
    let pixels = 0;
    for (const batch of batches(positions)) {
      const images = imagesAsFloats(dataset, batch);
      const subjects = { labels: labelsAt(dataset, batch), targets: undefined };
      const { gradient } = oracle.lossGradients(loss, images, subjects);
      const exact = exactGradients(oracle, loss, images, subjects.labels);
      for (let i = 0; i < batch.length; i++) {
        const largest = row(gradient, i, oracle.features).reduce(
          (a, b) => Math.max(a, Math.abs(b)),
          0,
        );
        if (largest === 0) zeros++;
        else histogram[decade(largest)]++;
      }
      for (let i = 0; exact && i < exact.length; i++) {
        if (exact[i] === 0) continue;
        pixels++;
        if (Math.sign(gradient[i]) !== Math.sign(exact[i])) wrong++;
      }
      await yieldToEventLoop();
    }
    const zero = rateOf(zeros, positions.length);
    summaries.push({ loss, zero, wrongSigns: rateOf(wrong, pixels), histogram });
  }
  return summaries;
}

/** Place of a magnitude in the histogram. */
function decade(magnitude: number): number {
  const power = Math.floor(Math.log10(magnitude));
  return Math.min(Math.max(power, HISTOGRAM_FROM), HISTOGRAM_TO) - HISTOGRAM_FROM;
}

function exactGradients(
  oracle: Oracle,
  loss: LossName,
  images: Float32Array,
  labels: Int32Array,
): Float32Array | undefined {
  if (lossNamed(loss).scaleInvariant) return undefined;
  const { classes } = oracle;
  const divisor = loss === 'temperature' ? oracle.classifier.temperature : 1;
  return oracle.backward(images, (logits) => {
    const cotangent = new Float32Array(logits.length);
    for (let i = 0; i < labels.length; i++) {
      cotangent.set(exactDirection(row(logits, i, classes), labels[i], divisor), i * classes);
    }
    return cotangent;
  }).gradient;
}
