import * as tf from '@tensorflow/tfjs-core';
import { convReluPool } from '../../engine/index.ts';
import type { Activation, ForwardContext, LayerBase, LayerKind, Padding } from './layer-kind.ts';
import {
  kerasConvolution,
  onnxConvolution,
  outputSizes,
  pixelsLast,
  savedModelConvolution,
} from './shared/convolution.ts';
import { linearWeights } from './shared/linear.ts';
import { elements } from './shared/movement.ts';
import { tfjsPadding } from './shared/window.ts';

/** A convolution; kernel `[height, width, in, filters]`. */
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

/**
 * Convolution, bias, ReLU and a max-pool of `pool` by `pool` pixels (1: none) in one pass of the
 * engine.
 */
export function convolveAndPool(
  layer: Conv2dLayer,
  pool: number,
  input: tf.Tensor,
  { weight }: Pick<ForwardContext, 'weight'>,
): tf.Tensor {
  return convReluPool(
    input as tf.Tensor4D,
    weight('kernel') as tf.Tensor4D,
    weight('bias') as tf.Tensor1D,
    {
      strides: [...layer.strides],
      pad: tfjsPadding(layer.padding),
      dilations: [...layer.dilations],
      pool,
    },
  );
}

export const conv2d: LayerKind<Conv2dLayer> = {
  kind: 'conv2d',
  stem: 'conv',
  fields: ({ size, pair, padding, boolean, activation }) => ({
    filters: size,
    kernel: pair,
    strides: pair,
    padding,
    dilations: pair,
    bias: boolean,
    activation,
  }),
  outputShape: (layer, [input]) => [...outputSizes(layer, input), layer.filters],
  work: ({ kernel: [height, width] }, [input], output) =>
    elements(output) * height * width * input[2],
  weights(layer, [, , channels]) {
    const [height, width] = layer.kernel;
    return linearWeights(layer, {
      shape: [height, width, channels, layer.filters],
      units: layer.filters,
      fanIn: height * width * channels,
      fanOut: height * width * layer.filters,
    });
  },
  forward(layer, [input], context) {
    if (layer.bias && layer.activation === 'relu') return convolveAndPool(layer, 1, input, context);
    return tf.fused.conv2d({
      x: input as tf.Tensor4D,
      filter: context.weight('kernel') as tf.Tensor4D,
      strides: [...layer.strides],
      pad: tfjsPadding(layer.padding),
      dilations: [...layer.dilations],
      ...(layer.bias ? { bias: context.weight('bias') } : {}),
      activation: layer.activation,
    });
  },
  toSavedModel: (layer, [input], context) =>
    savedModelConvolution('Conv2D', 'Conv2D', layer, input, context),
  toOnnx(layer, [input], context) {
    const kernel = context.weight('kernel');
    const [height, width, channels, filters] = kernel.spec.shape;
    const values = pixelsLast(kernel, (i, o) => o * channels + i);
    const shape = [filters, channels, height, width];
    return onnxConvolution(layer, input, { shape, values }, 1, context);
  },
  toKeras(layer, weight) {
    const own = { filters: layer.filters, dilation_rate: layer.dilations };
    return kerasConvolution('Conv2D', own, layer, weight);
  },
};
