/**
 * Whether a model's gradient tells the truth: does the margin change along it by what it predicts,
 * at the scale of the budget? A gradient attack believes it does. Staircases, waves and whatever
 * else hides a slope give gradients that hold at one scale and not at another.
 */
import { row } from '../arrays.ts';
import { type ClassTargets, linearMaximum, Oracle, type Threat } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats, labelsAt } from '../data/index.ts';
import { RunError } from '../errors.ts';
import type { Classifier } from '../models/index.ts';
import { batches, batchSizeFor, yieldToEventLoop } from './accuracy.ts';
import type { ModelRecord } from './records.ts';

/** Shares of the budget at which the margin is measured. */
const TRUTH_SCALES = [0.01, 0.1, 0.3, 1] as const;
/** Images on which it is measured, the first of those attacked. */
const MOST_IMAGES = 200;

/** Per budget, in `ratios[scale][image]`: measured over predicted change of the margin. */
type GradientTruth = ModelRecord['gradientTruth'][number];

/**
 * Between these a ratio agrees. Of trained networks (default, papernot-mnist, distilled at T = 40,
 * adversarially trained) at least 95 % of the images agree at every scale, in all norms, up to Linf
 * 0.3; of soft staircases, waves and saturated outputs at most 77 %.
 */
const LEAST_RATIO = 0.1;
const LARGEST_RATIO = 3;

/** Share of the images whose ratios agree at every scale; 0 of no images. */
export function truthfulShare({ ratios }: GradientTruth): number {
  const [first = []] = ratios;
  const agrees = (ratio: number | null | undefined) =>
    typeof ratio === 'number' && ratio >= LEAST_RATIO && ratio <= LARGEST_RATIO;
  const truthful = first.filter((_, i) => ratios.every((ofScale) => agrees(ofScale[i])));
  return first.length === 0 ? 0 : truthful.length / first.length;
}

/**
 * Measures, at the first images at `positions`, how far the margin changes on the way from the image
 * to the point of the ball of each share of `eps`, inside [0, 1], where the linear model of the margin
 * is largest, over what that linear model predicts: 1 where the margin is linear, null where no change
 * is predicted or the model's answer is not finite. One backward pass an image, and one forward pass for every budget and scale.
 */
export async function measureGradientTruth(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  threats: readonly Threat[],
): Promise<GradientTruth[]> {
  if (threats.length === 0) return [];
  const oracle = new Oracle(classifier);
  const found = threats.map(({ norm, eps }) => ({
    norm,
    eps,
    scales: [...TRUTH_SCALES],
    ratios: TRUTH_SCALES.map((): (number | null)[] => []),
  }));
  for (const batch of batches(positions.slice(0, MOST_IMAGES), batchSizeFor(oracle.features))) {
    const images = imagesAsFloats(dataset, batch);
    const classTargets = { labels: labelsAt(dataset, batch), targets: undefined };
    const { values, gradient } = await oracle.lossGradients('margin', images, classTargets);
    for (const { norm, eps, scales, ratios } of found) {
      for (const [s, scale] of scales.entries()) {
        const share = norm === 'L0' ? Math.max(1, Math.round(scale * eps)) : scale * eps;
        const moved = pointsAlong(oracle.features, { norm, eps: share }, images, gradient);
        (await marginsAt(oracle, moved, classTargets)).forEach((value, i) => {
          const predicted = predictedChange(oracle.features, i, images, moved, gradient);
          ratios[s].push(ratioOf(value - values[i], predicted));
        });
      }
    }
    await yieldToEventLoop();
  }
  return found;
}

/** The margin at every point; not a number where the model has no finite logits. */
async function marginsAt(
  oracle: Oracle,
  points: Float32Array,
  classTargets: ClassTargets,
): Promise<Float32Array> {
  try {
    return oracle.losses('margin', await oracle.logits(points), classTargets);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return new Float32Array(points.length / oracle.features).fill(Number.NaN);
  }
}

/** For each image, the point of the ball where its linear model is largest. */
function pointsAlong(
  features: number,
  threat: Threat,
  images: Float32Array,
  gradient: Float32Array,
): Float32Array {
  const moved = new Float32Array(images.length);
  for (let i = 0; i < images.length / features; i++) {
    const [from, slope, to] = [images, gradient, moved].map((all) => row(all, i, features));
    linearMaximum(threat, from, slope, to);
  }
  return moved;
}

/** What the gradient says of the way that was really taken, box and rounding included. */
function predictedChange(
  features: number,
  image: number,
  images: Float32Array,
  moved: Float32Array,
  gradient: Float32Array,
): number {
  const [from, to, slope] = [images, moved, gradient].map((all) => row(all, image, features));
  return slope.reduce((sum, entry, i) => sum + entry * (to[i] - from[i]), 0);
}

/** Four digits are enough, and keep records small. */
function ratioOf(measured: number, predicted: number): number | null {
  const ratio = measured / predicted;
  return Number.isFinite(ratio) ? Number(ratio.toPrecision(4)) : null;
}
