/**
 * A network as plain data: a list of layers, each fed by the one before it unless `inputs` says
 * otherwise. Everything that reads or writes networks (the forward pass, initial weights,
 * SavedModel, the exporters and importers) works on this list.
 *
 * Images are NHWC float32 in [0, 1]; the last layer's output is the logits `[N, classes]`.
 * Convolution kernels are `[height, width, in, out]`, dense kernels `[in, out]`.
 */

/** `valid`, `same` (TensorFlow's rule), or explicit `[[top, bottom], [left, right]]`. */
export type Padding =
  | 'valid'
  | 'same'
  | readonly [readonly [number, number], readonly [number, number]];

export type Activation = 'linear' | 'relu';

interface LayerBase {
  /** Unique in the network; its weights are named `name/kernel`, `name/bias`, … */
  readonly name: string;
  /** Names of the layers that feed this one; absent: the layer before it (the image for the first). */
  readonly inputs?: readonly string[];
}

export interface Conv2dLayer extends LayerBase {
  readonly kind: 'conv2d';
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilations: readonly [number, number];
  readonly bias: boolean;
  readonly activation: Activation;
}

/** Each input channel has `multiplier` filters of its own; kernel `[height, width, in, multiplier]`. */
export interface DepthwiseConv2dLayer extends LayerBase {
  readonly kind: 'depthwise-conv2d';
  readonly multiplier: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly bias: boolean;
  readonly activation: Activation;
}

export interface PoolLayer extends LayerBase {
  readonly kind: 'max-pool' | 'average-pool';
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

export interface FlattenLayer extends LayerBase {
  readonly kind: 'flatten';
}

export interface DenseLayer extends LayerBase {
  readonly kind: 'dense';
  readonly units: number;
  readonly bias: boolean;
  readonly activation: Activation;
}

/** Inverted dropout; the identity outside training. */
export interface DropoutLayer extends LayerBase {
  readonly kind: 'dropout';
  /** Share of inputs set to zero, in [0, 1). */
  readonly rate: number;
}

/** `[height, width, channels]` to `[channels]`: the mean or maximum over all pixels. */
export interface GlobalPoolLayer extends LayerBase {
  readonly kind: 'global-max-pool' | 'global-average-pool';
}

/** `x * scale + offset`, each a weight `[channels]`: batch normalization as it is at inference. */
export interface AffineLayer extends LayerBase {
  readonly kind: 'affine';
}

/** Zeros around the image. */
export interface PadLayer extends LayerBase {
  readonly kind: 'pad';
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
}

export const NONLINEARITIES = [
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'tanh',
  'softplus',
] as const;
export type Nonlinearity = (typeof NONLINEARITIES)[number];

/** A nonlinearity of its own; ReLU after a convolution or dense layer is that layer's activation. */
export interface ActivationLayer extends LayerBase {
  readonly kind: 'activation';
  readonly activation: Nonlinearity;
}

/** `max(x, slope * x)`. */
export interface LeakyReluLayer extends LayerBase {
  readonly kind: 'leaky-relu';
  readonly slope: number;
}

/**
 * Joins layers: `add` and `multiply` element by element, `concat` along the channels.
 */
export interface JoinLayer extends LayerBase {
  readonly kind: 'add' | 'multiply' | 'concat';
}

export type Layer =
  | Conv2dLayer
  | DepthwiseConv2dLayer
  | PoolLayer
  | GlobalPoolLayer
  | FlattenLayer
  | DenseLayer
  | DropoutLayer
  | AffineLayer
  | PadLayer
  | ActivationLayer
  | LeakyReluLayer
  | JoinLayer;

export interface Network {
  /** The architecture's name, such as `cnn` or `papernot-mnist`. */
  readonly architecture: string;
  /** `[height, width, channels]` of one image. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly layers: readonly Layer[];
}

/** A weight's name, shape and role, in the order in which weights are created and stored. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly layer: string;
  readonly role: 'kernel' | 'bias' | 'scale' | 'offset';
  /** Inputs to one unit, for the initial scale. */
  readonly fanIn: number;
  /** Units one input feeds, for the initial scale. */
  readonly fanOut: number;
}
