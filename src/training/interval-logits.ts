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
  IMAGE,
  inferShapes,
  kindOf,
  type Layer,
  type Model,
  walkLayers,
} from '../models/index.ts';

/** Lower and upper bounds of a batch of images or of a layer's outputs, `[N, ...]`. */
export interface TensorBox {
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

/** The bounds of a layer: of what it gives, and of the sums that a linear layer's activation reads. */
export interface LayerBoxes {
  readonly output: TensorBox;
  readonly sums?: TensorBox;
}

/** Where a layer's forward function finds its weights. */
export function contextOf(model: Model, { name }: Layer): ForwardContext {
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
): LayerBoxes {
  if (isLinear(layer)) {
    const { center, radius } = linearBox(layer, inputs[0], context);
    const sums = { lower: tf.sub(center, radius), upper: tf.add(center, radius) };
    const isRelu = layer.activation === 'relu';
    const output = isRelu ? { lower: tf.relu(sums.lower), upper: tf.relu(sums.upper) } : sums;
    return { output, sums };
  }
  if (layer.kind === 'affine') {
    const [a, b] = [inputs[0].lower, inputs[0].upper].map((x) =>
      kindOf(layer).forward(layer, [x], context),
    );
    return { output: { lower: tf.minimum(a, b), upper: tf.maximum(a, b) } };
  }
  if (isMonotone(layer)) {
    const through = (end: keyof TensorBox) =>
      kindOf(layer).forward(
        layer,
        inputs.map((input) => input[end]),
        context,
      );
    return { output: { lower: through('lower'), upper: through('upper') } };
  }
  throw new UserError('no-bound', `${layer.name} cannot be trained to be certified`, {
    hint: `there are no interval bounds for its kind, ${layer.kind}`,
  });
}

/**
 * Interval bounds of every layer but the last, by name, and the image's.
 *
 * @param box lower and upper images `[N, H, W, C]`
 * @throws UserError `no-bound` for a layer without interval bounds
 */
export function intervalBoxes(model: Model, box: TensorBox): ReadonlyMap<string, LayerBoxes> {
  const boxes = new Map<string, LayerBoxes>([[IMAGE, { output: box }]]);
  walkLayers<TensorBox>(inferShapes(model.network).slice(0, -1), box, ({ layer }, inputs) => {
    const own = boxThrough(layer, inputs, contextOf(model, layer));
    boxes.set(layer.name, own);
    return own.output;
  });
  return boxes;
}

/** `[N, classes]` of 0 and 1. */
export function oneHotOf(labels: Int32Array, classes: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32') as tf.Tensor2D;
}

export function boxOf(boxes: ReadonlyMap<string, LayerBoxes>, name: string): LayerBoxes {
  const found = boxes.get(name);
  if (!found) throw new Error(`no bounds of ${name}`);
  return found;
}

/** The dense layer that gives the logits. */
export interface LogitLayer {
  readonly layer: Extract<Layer, { kind: 'dense' }>;
  /** The name of the layer it reads. */
  readonly input: string;
}

/** @throws UserError `no-bound` for a network that does not end in a dense layer */
export function logitLayerOf(model: Model): LogitLayer {
  const { layer, inputs, inputShapes } = inferShapes(model.network).slice(-1)[0];
  if (layer.kind === 'dense' && layer.activation === 'linear' && inputShapes[0].length === 1) {
    return { layer, input: inputs[0] };
  }
  throw new UserError('no-bound', `${layer.name} is no dense layer that gives the logits`, {
    hint: 'certified training takes networks that end in one',
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
  return tf.tidy(() => intervalWorst(model, intervalBoxes(model, box), labels));
}

/** `worstLogits` from the boxes of the layers before the last. */
export function intervalWorst(
  model: Model,
  boxes: ReadonlyMap<string, LayerBoxes>,
  labels: Int32Array,
): tf.Tensor2D {
  const { layer, input } = logitLayerOf(model);
  const before = boxOf(boxes, input).output;
  const context = contextOf(model, layer);
  const { classes } = model.network;
  const kernel = tf.transpose(context.weight('kernel') as tf.Tensor2D);
  const own = oneHotOf(labels, classes);
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
