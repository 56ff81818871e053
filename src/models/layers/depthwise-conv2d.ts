import * as tf from '@tensorflow/tfjs-core';
import type { Activation, LayerBase, LayerKind, Padding } from './layer-kind.ts';
import * as convolution from './shared/convolution.ts';
import { linearWeights } from './shared/linear.ts';
import { elements } from './shared/movement.ts';
import { tfjsPadding } from './shared/window.ts';

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
    ...convolution.outputSizes(layer, input),
    input[2] * layer.multiplier,
  ],
  work: ({ kernel: [height, width] }, _, output) => elements(output) * height * width,
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
  toSavedModel: (layer, [input], context) =>
    convolution.savedModelConvolution(
      'DepthwiseConv2dNative',
      'DepthwiseConv2d',
      layer,
      input,
      context,
    ),
  toOnnx(layer, [input], context) {
    const kernel = context.weight('kernel');
    const [height, width, channels, multiplier] = kernel.spec.shape;
    const values = convolution.pixelsLast(kernel, (i, o) => i * multiplier + o);
    const shape = [channels * multiplier, 1, height, width];
    return convolution.onnxConvolution(layer, input, { shape, values }, channels, context);
  },
  toKeras(layer, weight) {
    const own = { depth_multiplier: layer.multiplier };
    return convolution.kerasConvolution('DepthwiseConv2D', own, layer, weight, 'depthwise_kernel');
  },
};
