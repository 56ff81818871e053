import * as tf from '@tensorflow/tfjs-core';
import type { Activation, LayerBase, LayerKind, Padding } from './layer-kind.ts';
import * as convolution from './shared/convolution.ts';
import { linearWeights } from './shared/linear.ts';
import { elements } from './shared/movement.ts';
import { tfjsPadding } from './shared/window.ts';

/**
 * Channels in groups, each with filters of its own; kernel `[height, width, in / groups, filters]`.
 */
export interface GroupedConv2dLayer extends LayerBase {
  readonly kind: 'grouped-conv2d';
  readonly groups: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly bias: boolean;
  readonly activation: Activation;
}

export const groupedConv2d: LayerKind<GroupedConv2dLayer> = {
  kind: 'grouped-conv2d',
  stem: 'conv',
  fields: ({ size, pair, padding, boolean, activation }) => ({
    groups: size,
    filters: size,
    kernel: pair,
    strides: pair,
    padding,
    bias: boolean,
    activation,
  }),
  outputShape({ groups, ...layer }, [input]) {
    const fits = input[2] % groups === 0 && layer.filters % groups === 0;
    return fits ? [...convolution.outputSizes(layer, input), layer.filters] : [Number.NaN];
  },
  work: ({ kernel: [height, width], groups }, [input], output) =>
    (elements(output) * height * width * input[2]) / groups,
  weights(layer, [, , channels]) {
    const [height, width] = layer.kernel;
    const area = height * width;
    return linearWeights(layer, {
      shape: [height, width, channels / layer.groups, layer.filters],
      units: layer.filters,
      fanIn: (area * channels) / layer.groups,
      fanOut: (area * layer.filters) / layer.groups,
    });
  },
  forward(layer, [input], { weight }) {
    const kernels: tf.Tensor4D[] = tf.split(weight('kernel') as tf.Tensor4D, layer.groups, 3);
    const parts: tf.Tensor4D[] = tf.split(input as tf.Tensor4D, layer.groups, 3);
    const padding = tfjsPadding(layer.padding);
    const products = parts.map((part, i) =>
      tf.conv2d(part, kernels[i], [...layer.strides], padding),
    );
    const product = tf.concat(products, 3);
    const sum = layer.bias ? tf.add(product, weight('bias')) : product;
    return layer.activation === 'relu' ? tf.relu(sum) : sum;
  },
  toSavedModel: (layer, [input], context) =>
    convolution.savedModelConvolution('Conv2D', 'Conv2D', layer, input, context),
  toOnnx(layer, [input], context) {
    const kernel = context.weight('kernel');
    const [height, width, channels, filters] = kernel.spec.shape;
    const values = convolution.pixelsLast(kernel, (i, o) => o * channels + i);
    const shape = [filters, channels, height, width];
    return convolution.onnxConvolution(layer, input, { shape, values }, layer.groups, context);
  },
  toKeras(layer, weight) {
    const own = { filters: layer.filters, groups: layer.groups };
    return convolution.kerasConvolution('Conv2D', own, layer, weight);
  },
};
