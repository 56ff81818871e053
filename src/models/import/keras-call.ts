/** A layer of a Keras model, as it is met on the way through the model. */
import { type Constant, constant, elementsOf, transpose } from './constants.ts';
import type { JsonObject } from './json.ts';
import type { Feature, NetworkBuilder } from './network-builder.ts';
import { fail } from './operators.ts';

/** What a layer of a Keras model returns. */
export interface Output {
  readonly feature: Feature;
  /** Whether a softmax was taken of the feature, which is then the logits. */
  readonly softmax?: boolean;
  /** The image that a vector was flattened from. */
  readonly image?: Feature | undefined;
  /** Whether Keras flattened that image channel by channel; here the channels come last. */
  readonly byChannel?: boolean;
}

/** What all layers of a model share. */
export interface KerasContext {
  readonly builder: NetworkBuilder;
  /** Keras' major version. */
  readonly version: number;
  /** Whether the backend convolves with kernels turned around, as Theano does. */
  readonly turned: boolean;
  /** Whether images have their channels first in Keras. Features here have them last. */
  readonly channelsFirst: boolean;
}

export interface KerasCall extends KerasContext {
  readonly operator: string;
  readonly node: string;
  readonly config: JsonObject;
  readonly inputs: readonly Feature[];
  /** The outputs that the inputs are the features of. */
  readonly given: readonly Output[];
  /** Inputs and the constants between them, in the order in which an operator takes them. */
  readonly operands: readonly (Feature | number)[];
  /** The layer's weights, by what Keras stores for it in order. */
  weights(...roles: readonly string[]): readonly Constant[];
}

/** Makes a layer of this program of one of Keras. */
export type Build = (call: KerasCall) => Feature | Output;

/** @throws ImportError when the layer has another order of channels than its model */
export function checkFormat(call: KerasCall): void {
  const own = call.config.data_format ?? (call.channelsFirst ? 'channels_first' : 'channels_last');
  if (own !== (call.channelsFirst ? 'channels_first' : 'channels_last')) {
    fail(call, `${own}, unlike the layers before it`);
  }
}

/** Whether an axis of Keras is that of the channels. */
export function isChannelAxis(
  { channelsFirst, inputs: [{ shape }] }: KerasCall,
  axis: number,
): boolean {
  if (channelsFirst && shape.length > 1) return axis === 1 || axis === -shape.length;
  return axis === -1 || axis === shape.length;
}

/** The weights of a vector's elements, in this program's order of them. */
export function inOrder({ given: [{ byChannel, image }] }: KerasCall, weight: Constant): Constant {
  if (!byChannel || image === undefined) return weight;
  const [height, width, channels] = image.shape;
  const others = weight.shape.slice(1);
  const apart = constant([channels, height, width, elementsOf(others)], weight.values);
  return constant(weight.shape, transpose(apart, [1, 2, 0, 3]).values);
}

export function outputOf(result: Feature | Output): Output {
  return 'feature' in result ? result : { feature: result };
}
