import * as tf from '@tensorflow/tfjs-core';
import type { Activation, LayerBase, LayerKind } from './layer-kind.ts';
import {
  finishOnnx,
  finishSavedModel,
  kerasWeights,
  linearWeights,
  onnxBias,
} from './shared/linear.ts';

/** A matrix product; kernel `[in, units]`. */
export interface DenseLayer extends LayerBase {
  readonly kind: 'dense';
  readonly units: number;
  readonly bias: boolean;
  readonly activation: Activation;
}

export const dense: LayerKind<DenseLayer> = {
  kind: 'dense',
  stem: 'dense',
  fields: ({ size, boolean, activation }) => ({ units: size, bias: boolean, activation }),
  outputShape: (layer) => [layer.units],
  weights(layer, input) {
    const fanIn = input[input.length - 1];
    const { units } = layer;
    return linearWeights(layer, { shape: [fanIn, units], units, fanIn, fanOut: units });
  },
  forward: (layer, [input], { weight }) =>
    tf.fused.matMul({
      a: input as tf.Tensor2D,
      b: weight('kernel') as tf.Tensor2D,
      ...(layer.bias ? { bias: weight('bias') } : {}),
      activation: layer.activation,
    }),
  toSavedModel(layer, [input], context) {
    const { graph, variable } = context;
    const product = graph.float('MatMul', `${layer.name}/MatMul`, [input, variable('kernel')]);
    return finishSavedModel(layer, product, context);
  },
  toOnnx(layer, [input], context) {
    const { graph, weight } = context;
    const inputs = [input.name, graph.weight(weight('kernel')), ...onnxBias(layer, context)];
    const product = graph.node(layer.bias ? 'Gemm' : 'MatMul', inputs, `${layer.name}/output`);
    return { name: finishOnnx(layer, product, context), channels: 'last' };
  },
  toKeras: (layer, weight) => ({
    className: 'Dense',
    config: { units: layer.units, activation: layer.activation, use_bias: layer.bias },
    weights: kerasWeights(layer, weight),
  }),
};
