/**
 * Interval bounds of a network's logits, differentiable: what certified training minimizes.
 *
 * Paper: Gowal et al. 2018, "On the Effectiveness of Interval Bound Propagation for Training Verifiably
 * Robust Models" (arXiv 1810.12715). Computed in the engine's float32; what is claimed of a trained
 * model is for `certification/` to say, which bounds the rounding too.
 */
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../errors.ts';
import {
  type ForwardContext,
  inferShapes,
  kindOf,
  type Layer,
  type Model,
  type ShapedLayer,
  walkLayers,
} from '../models/index.ts';

interface TensorBox {
  readonly lower: tf.Tensor;
  readonly upper: tf.Tensor;
}

type LinearLayer = Extract<
  Layer,
  { kind: 'conv2d' | 'depthwise-conv2d' | 'grouped-conv2d' | 'dense' }
>;

/** Layers whose output grows with every input. */
const MONOTONE: ReadonlySet<Layer['kind']> = new Set([
  'max-pool',
  'average-pool',
  'global-max-pool',
  'global-average-pool',
  'flatten',
  'reshape',
  'transpose',
  'slice',
  'reduce',
  'pad',
  'add',
  'concat',
  'dropout',
]);

/** Activations that fall somewhere. */
const FALLING: readonly string[] = ['reciprocal'];

const isLinear = (layer: Layer): layer is LinearLayer =>
  ['conv2d', 'depthwise-conv2d', 'grouped-conv2d', 'dense'].includes(layer.kind);

function isMonotone(layer: Layer): boolean {
  if (layer.kind === 'activation') return !FALLING.includes(layer.activation);
  if (layer.kind === 'leaky-relu') return layer.slope >= 0;
  return MONOTONE.has(layer.kind);
}

function contextOf(model: Model, { name }: Layer): ForwardContext {
  return {
    weight(role) {
      const found = model.variables.get(`${name}/${role}`);
      if (!found) throw new Error(`no weight ${name}/${role}`);
      return found;
    },
  };
}

/** Center and radius through a linear layer, its activation left out. */
function linearBox(layer: LinearLayer, { lower, upper }: TensorBox, context: ForwardContext) {
  const linear = { ...layer, activation: 'linear' } as const;
  const center = tf.mul(tf.add(lower, upper), 0.5);
  const radius = tf.mul(tf.sub(upper, lower), 0.5);
  const absolute: ForwardContext = { weight: (role) => tf.abs(context.weight(role)) };
  return {
    center: kindOf(linear).forward(linear, [center], context),
    radius: kindOf(linear).forward({ ...linear, bias: false }, [radius], absolute),
  };
}

function boxThrough(
  layer: Layer,
  inputs: readonly TensorBox[],
  context: ForwardContext,
): TensorBox {
  if (isLinear(layer)) {
    const { center, radius } = linearBox(layer, inputs[0], context);
    const box = { lower: tf.sub(center, radius), upper: tf.add(center, radius) };
    return layer.activation === 'relu'
      ? { lower: tf.relu(box.lower), upper: tf.relu(box.upper) }
      : box;
  }
  if (layer.kind === 'affine') {
    const [a, b] = [inputs[0].lower, inputs[0].upper].map((x) =>
      kindOf(layer).forward(layer, [x], context),
    );
    return { lower: tf.minimum(a, b), upper: tf.maximum(a, b) };
  }
  if (isMonotone(layer)) {
    const through = (end: keyof TensorBox) =>
      kindOf(layer).forward(
        layer,
        inputs.map((input) => input[end]),
        context,
      );
    return { lower: through('lower'), upper: through('upper') };
  }
  throw new UserError('no-bound', `${layer.name} cannot be trained to be certified`, {
    hint: `there are no interval bounds for its kind, ${layer.kind}`,
  });
}

/**
 * Upper bounds of every logit minus that of the label, over all images in a box, `[N, classes]`; 0
 * for the label itself. Through a dense last layer the differences themselves are bounded.
 *
 * @param box lower and upper images `[N, H, W, C]`
 * @param labels `[N]`
 * @throws UserError `no-bound` for a layer without interval bounds
 */
export function worstLogits(model: Model, box: TensorBox, labels: Int32Array): tf.Tensor2D {
  const layers = inferShapes(model.network);
  const last = layers[layers.length - 1];
  return tf.tidy(() => {
    const before = walkLayers<TensorBox>(layers, box, (shaped, inputs) =>
      shaped === last
        ? inputs[0]
        : boxThrough(shaped.layer, inputs, contextOf(model, shaped.layer)),
    );
    return differences(model, last, before, labels);
  });
}

function differences(
  model: Model,
  { layer }: ShapedLayer,
  before: TensorBox,
  labels: Int32Array,
): tf.Tensor2D {
  const context = contextOf(model, layer);
  if (layer.kind !== 'dense' || layer.activation !== 'linear' || before.lower.rank !== 2) {
    throw new UserError('no-bound', `${layer.name} is no dense layer that gives the logits`, {
      hint: 'certified training takes networks that end in one',
    });
  }
  const { classes } = model.network;
  const kernel = tf.transpose(context.weight('kernel') as tf.Tensor2D);
  const own = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32') as tf.Tensor2D;
  const center = tf.mul(tf.add(before.lower, before.upper), 0.5) as tf.Tensor2D;
  const radius = tf.mul(tf.sub(before.upper, before.lower), 0.5) as tf.Tensor2D;
  const logits = kindOf(layer).forward(layer, [center], context) as tf.Tensor2D;
  const label = tf.sum(tf.mul(logits, own), 1, true);
  // |W_c - W_y| for every pair of classes, then the rows of each image's label: [N, classes] of r.
  const gaps = tf.abs(tf.sub(tf.expandDims(kernel, 1), tf.expandDims(kernel, 0)));
  const flat = tf.reshape(gaps, [classes * classes, -1]) as tf.Tensor2D;
  const spreads = tf.reshape(tf.matMul(radius, flat, false, true), [-1, classes, classes]);
  const spread = tf.sum(tf.mul(spreads, tf.expandDims(own, 2)), 1);
  return tf.add(tf.sub(logits, label), spread) as tf.Tensor2D;
}
