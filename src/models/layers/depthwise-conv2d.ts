import * as tf from '@tensorflow/tfjs-core';
import type { Activation, LayerBase, LayerKind, Padding } from './layer-kind.ts';
import {
  convolutionAttributes,
  kerasConfig,
  onnxConvolution,
  pixelsLast,
  windowOf,
} from './shared/convolution.ts';
import { explicitOnly, finishSavedModel, kerasWeights, linearWeights } from './shared/linear.ts';
import { tfjsPadding, windowedSizes } from './shared/window.ts';

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

export const depthwiseConv2d: LayerKind<DepthwiseConv2dLayer> = {
  kind: 'depthwise-conv2d',
  stem: 'depthwise',
  fields: ({ size, pair, padding, boolean, activation }) => ({
    multiplier: size,
    kernel: pair,
    strides: pair,
    padding,
    bias: boolean,
    activation,
  }),
  outputShape: (layer, [input]) => [
    ...windowedSizes(input, windowOf(layer)),
    input[2] * layer.multiplier,
  ],
  weights(layer, [, , channels]) {
    const [height, width] = layer.kernel;
    return linearWeights(layer, {
      shape: [height, width, channels, layer.multiplier],
      units: channels * layer.multiplier,
      fanIn: height * width,
      fanOut: height * width * layer.multiplier,
    });
  },
  forward(layer, [input], { weight }) {
    const product = tf.depthwiseConv2d(
      input as tf.Tensor4D,
      weight('kernel') as tf.Tensor4D,
      [...layer.strides],
      tfjsPadding(layer.padding),
    );
    const sum = layer.bias ? tf.add(product, weight('bias')) : product;
    return layer.activation === 'relu' ? tf.relu(sum) : sum;
  },
  toSavedModel(layer, [input], context) {
    const product = context.graph.float(
      'DepthwiseConv2dNative',
      `${layer.name}/DepthwiseConv2d`,
      [input, context.variable('kernel')],
      convolutionAttributes(layer, context),
    );
    return finishSavedModel(layer, product, context);
  },
  toOnnx(layer, [input], context) {
    const kernel = context.weight('kernel');
    const [height, width, channels, multiplier] = kernel.spec.shape;
    const values = pixelsLast(kernel, (i, o) => i * multiplier + o);
    const shape = [channels * multiplier, 1, height, width];
    return onnxConvolution(layer, input, { shape, values }, channels, context);
  },
  toKeras: (layer, weight) => ({
    className: 'DepthwiseConv2D',
    config: { depth_multiplier: layer.multiplier, ...kerasConfig(layer) },
    padBefore: explicitOnly(layer.padding),
    weights: kerasWeights(layer, weight, 'depthwise_kernel'),
  }),
};
