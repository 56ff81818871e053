/**
 * CROWN-IBP: the worst logits by a linear bound that goes back from the differences of logits, through
 * ReLUs whose inputs have interval bounds, mixed with the interval bounds of those differences.
 *
 * Paper: Zhang et al. 2020, "Towards Stable and Efficient Training of Verifiably Robust Neural Networks"
 * (arXiv 1906.06316): a share beta of the linear bound falls from 1 to 0 while the budget grows.
 * The way back ends at the image, or at the first layer that is no convolution, dense layer, ReLU, sum or
 * reordering (a pool, for example), whose interval bounds it takes.
 * Cost: while beta is above 0, a backward pass for every class and image; then that of IBP.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  type ForwardContext,
  inferShapes,
  type Layer,
  type Model,
  type ShapedLayer,
  tfjsPadding,
} from '../models/index.ts';
import {
  boxOf,
  contextOf,
  intervalBoxes,
  intervalWorst,
  type LayerBoxes,
  logitLayerOf,
  oneHotOf,
  type TensorBox,
} from './interval-logits.ts';

/** Keeps the slope of a ReLU whose input is known exactly finite. */
const LEAST_WIDTH = 1e-8;

/** Share of the linear bound by the share of the whole budget. */
export const linearShareAt = (ramp: number): number => 1 - ramp;

/**
 * Upper bounds of every logit minus that of the label, over all images in a box, `[N, classes]`.
 *
 * @param box lower and upper images `[N, H, W, C]`
 * @param labels `[N]`
 * @param linearShare beta, the share of the linear bound, in [0, 1]
 * @throws UserError `no-bound` for a layer without interval bounds
 */
export function mixedWorstLogits(
  model: Model,
  box: TensorBox,
  labels: Int32Array,
  linearShare: number,
): tf.Tensor2D {
  return tf.tidy(() => {
    const boxes = intervalBoxes(model, box);
    const interval = intervalWorst(model, boxes, labels);
    if (linearShare === 0) return interval;
    const linear = linearWorst(model, boxes, labels);
    return tf.add(tf.mul(linear, linearShare), tf.mul(interval, 1 - linearShare)) as tf.Tensor2D;
  });
}

/** Coefficients of K linear functions of a layer's output for every image, `[N, K, size]`. */
type Coefficients = tf.Tensor3D;

/** The bound by the way back alone, from the boxes of the layers before the last. */
export function linearWorst(
  model: Model,
  boxes: ReadonlyMap<string, LayerBoxes>,
  labels: Int32Array,
): tf.Tensor2D {
  const { layer: last, input } = logitLayerOf(model);
  const first = differencesOf(last, contextOf(model, last), labels, model.classes);
  const coefficients = new Map<string, Coefficients>([[input, first.coefficients]]);
  const constants: tf.Tensor2D[] = [first.constants];
  for (const shaped of inferShapes(model.network).slice(0, -1).reverse()) {
    const { layer, inputs } = shaped;
    const own = coefficients.get(layer.name);
    if (!own) continue;
    const known = boxOf(boxes, layer.name);
    coefficients.delete(layer.name);
    if (!leadsBack(layer)) {
      constants.push(largest(own, known.output));
      continue;
    }
    const before = throughReLU(layer, own, known.sums ?? boxOf(boxes, inputs[0]).output, constants);
    const back = throughLinear(shaped, before, contextOf(model, layer), constants);
    for (const name of inputs) {
      const other = coefficients.get(name);
      coefficients.set(name, other ? tf.add(other, back) : back);
    }
  }
  for (const [name, own] of coefficients) constants.push(largest(own, boxOf(boxes, name).output));
  return tf.addN(constants);
}

/** The differences of the logits from the label's as functions of what the last layer reads. */
function differencesOf(
  layer: Extract<Layer, { kind: 'dense' }>,
  { weight }: ForwardContext,
  labels: Int32Array,
  classes: number,
): { coefficients: Coefficients; constants: tf.Tensor2D } {
  const own = oneHotOf(labels, classes);
  const kernel = tf.transpose(weight('kernel') as tf.Tensor2D);
  const gaps = tf.sub(tf.expandDims(kernel, 0), tf.expandDims(tf.matMul(own, kernel), 1));
  const bias = layer.bias ? (weight('bias') as tf.Tensor1D) : tf.zeros([classes]);
  const label = tf.sum(tf.mul(own, bias), 1, true);
  return {
    coefficients: gaps as Coefficients,
    constants: tf.sub(bias, label) as tf.Tensor2D,
  };
}

const isRelu = (layer: Layer): boolean => 'activation' in layer && layer.activation === 'relu';

function leadsBack(layer: Layer): boolean {
  switch (layer.kind) {
    case 'conv2d':
      return layer.dilations.every((one) => one === 1);
    case 'dense':
    case 'flatten':
    case 'reshape':
    case 'dropout':
    case 'add':
      return true;
    case 'activation':
      return isRelu(layer);
    default:
      return false;
  }
}

/** `[N, size, 1]` */
const column = (x: tf.Tensor) => tf.reshape(x, [x.shape[0], -1, 1]);

/** Sums of coefficients `[N, K, size]` times values `[N, ...]`, `[N, K]`. */
const applied = (own: tf.Tensor, values: tf.Tensor): tf.Tensor2D =>
  tf.squeeze(tf.matMul(own, column(values)), [2]);

/** The largest values of linear functions over a box, `[N, K]`. */
function largest(own: Coefficients, { lower, upper }: TensorBox): tf.Tensor2D {
  const center = tf.mul(tf.add(lower, upper), 0.5);
  const radius = tf.mul(tf.sub(upper, lower), 0.5);
  return tf.add(applied(own, center), applied(tf.abs(own), radius));
}

/** A positive coefficient takes the ReLU's upper line, a negative one the lower line of smaller area. */
function throughReLU(
  layer: Layer,
  own: Coefficients,
  { lower, upper }: TensorBox,
  constants: tf.Tensor2D[],
): Coefficients {
  if (!isRelu(layer)) return own;
  const low = tf.minimum(lower, 0);
  const high = tf.maximum(upper, 0);
  const slope = tf.div(high, tf.maximum(tf.sub(high, low), LEAST_WIDTH));
  const below = tf.step(tf.add(lower, upper));
  const positive = tf.relu(own);
  constants.push(applied(positive, tf.neg(tf.mul(low, slope))));
  const row = (x: tf.Tensor) => tf.reshape(x, [x.shape[0], 1, -1]);
  return tf.add(tf.mul(own, row(below)), tf.mul(positive, row(tf.sub(slope, below))));
}

/** Coefficients of what a layer reads, by those of its sums. */
function throughLinear(
  { layer, inputShapes: [inputShape], outputShape }: ShapedLayer,
  own: Coefficients,
  { weight }: ForwardContext,
  constants: tf.Tensor2D[],
): Coefficients {
  if (layer.kind !== 'conv2d' && layer.kind !== 'dense') return own;
  const [images, rows] = own.shape;
  const kernel = weight('kernel');
  const [height, width, channels] = inputShape;
  if (layer.bias) {
    const units = outputShape[outputShape.length - 1];
    const sums = tf.sum(tf.reshape(own, [images, rows, -1, units]), 2);
    constants.push(tf.sum(tf.mul(sums, weight('bias')), 2));
  }
  const back =
    layer.kind === 'dense'
      ? tf.matMul(tf.reshape(own, [-1, layer.units]), kernel as tf.Tensor2D, false, true)
      : tf.conv2dTranspose(
          tf.reshape<tf.Rank>(own, [images * rows, ...outputShape]) as tf.Tensor4D,
          kernel as tf.Tensor4D,
          [images * rows, height, width, channels],
          [...layer.strides],
          tfjsPadding(layer.padding),
        );
  return tf.reshape(back, [images, rows, -1]) as Coefficients;
}
