/** Models of TensorFlow.js that are in memory: `tf.LayersModel` and `tf.GraphModel`. */
import type * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../errors.ts';
import type { Classifier } from '../classifier.ts';
import { chainOf, type LayerLike } from './chain.ts';
import { type WrapOptions, wrapFunction } from './classifier.ts';

type Shape = readonly (number | null)[];

/** A `tf.LayersModel` or `tf.Sequential`: what is used of it, so that any version will do. */
export interface LayersModelLike {
  readonly inputs: readonly { readonly shape: Shape }[];
  readonly outputs: readonly { readonly shape: Shape }[];
  readonly layers: readonly LayerLike[];
  apply(inputs: tf.Tensor, options?: { readonly training: boolean }): unknown;
}

/** A `tf.GraphModel`: what is used of it. */
export interface GraphModelLike {
  readonly inputs: readonly { readonly name: string; readonly shape?: Shape | undefined }[];
  readonly outputs: readonly { readonly name: string; readonly shape?: Shape | undefined }[];
  execute(inputs: tf.Tensor, outputs?: string): unknown;
}

/** What `@tensorflow/tfjs-layers` keeps in layers that end in an activation. */
interface Activated extends LayerLike {
  activation: { getClassName(): string };
}

const hasActivation = (layer: LayerLike): layer is Activated =>
  'activation' in layer && typeof layer.activation === 'object' && layer.activation !== null;

const LINEAR = { getClassName: () => 'linear', apply: (values: tf.Tensor) => values };

/** Runs the model with the softmax of its last layer left out, so that it gives logits. */
function withoutSoftmax(layer: LayerLike | undefined, compute: () => unknown): unknown {
  if (layer !== undefined && hasActivation(layer)) {
    const { activation } = layer;
    if (activation.getClassName() !== 'softmax') return compute();
    layer.activation = LINEAR;
    try {
      return compute();
    } finally {
      layer.activation = activation;
    }
  }
  if (layer?.getClassName() !== 'Softmax') return compute();
  const own = { call: (inputs: tf.Tensor | tf.Tensor[]) => [inputs].flat()[0] };
  Object.assign(layer, own); // hides the method of its class
  try {
    return compute();
  } finally {
    Reflect.deleteProperty(layer, 'call');
  }
}

/** One input `[N, H, W, C]` and one output `[N, classes]`, all sizes but N known. */
function shapesOf(
  name: string,
  inputs: readonly { readonly shape?: Shape | undefined }[],
  outputs: readonly { readonly shape?: Shape | undefined }[],
): { inputShape: [number, number, number]; classes: number } {
  const [[, height, width, channels] = [], [, classes] = []] = [inputs, outputs].map(
    ([first]) => first?.shape ?? [],
  );
  const isKnown = inputs.length === 1 && outputs.length === 1;
  if (isKnown && height && width && channels && classes) {
    return { inputShape: [height, width, channels], classes };
  }
  const texts = [inputs, outputs].map((ends) =>
    ends.map(({ shape }) => `[${shape?.join(', ') ?? 'unknown'}]`).join(' and '),
  );
  throw new UserError(
    'bad-wrap',
    `${name}: a classifier takes images [null, height, width, channels] and gives [null, classes], this model takes ${texts[0]} and gives ${texts[1]}`,
    { hint: 'wrap it as a function, and say its shape and number of classes' },
  );
}

/**
 * A `tf.LayersModel` as a classifier. Its weights are not copied: training it further changes the
 * classifier. A softmax at its end is left out, because attacks need logits.
 *
 * An engine must be running (`startEngine`).
 *
 * @param model one input `[null, H, W, C]`, one output `[null, classes]`
 * @throws UserError `bad-wrap`, `bad-logits`, `probabilities`, `not-differentiable`
 */
export function wrapLayersModel(model: LayersModelLike, options: WrapOptions): Classifier {
  const shapes = shapesOf(options.name, model.inputs, model.outputs);
  const last = model.layers[model.layers.length - 1];
  const run = chainOf(model.layers) ?? ((images) => model.apply(images, { training: false }));
  return wrapFunction((images) => withoutSoftmax(last, () => run(images)) as tf.Tensor, {
    ...options,
    ...shapes,
  });
}

/** What is told of a graph model besides. */
export interface GraphOptions extends WrapOptions {
  /** The node that gives the logits; by default the model's only output. */
  readonly output?: string;
  /** Where the graph does not say them. */
  readonly inputShape?: readonly [number, number, number];
  readonly classes?: number;
}

/**
 * A `tf.GraphModel` as a classifier.
 *
 * An engine must be running (`startEngine`).
 *
 * @param model one input `[null, H, W, C]`
 * @throws UserError `bad-wrap`, `bad-logits`, `not-differentiable`, `probabilities`: then name the
 *   node before the softmax as `output`
 */
export function wrapGraphModel(model: GraphModelLike, options: GraphOptions): Classifier {
  const { output, inputShape, classes, ...rest } = options;
  const known =
    inputShape && classes
      ? { inputShape, classes }
      : shapesOf(rest.name, model.inputs, model.outputs);
  return wrapFunction((images) => model.execute(images, output) as tf.Tensor, {
    ...rest,
    ...known,
  });
}
