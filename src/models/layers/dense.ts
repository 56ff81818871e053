import * as tf from '@tensorflow/tfjs-core';
import type { Activation, LayerBase, LayerKind } from './layer-kind.ts';
import {
  finishOnnx,
  finishSavedModel,
  kerasWeights,
  linearWeights,
  onnxBias,
} from './shared/linear.ts';
import { elements } from './shared/movement.ts';

/** A matrix product along the last axis; kernel `[in, units]`. */
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
  outputShape: (layer, [input]) => [...input.slice(0, -1), layer.units],
  work: (_, [input], output) => elements(output) * input[input.length - 1],
  weights(layer, input) {
    const fanIn = input[input.length - 1];
    const { units } = layer;
    return linearWeights(layer, { shape: [fanIn, units], units, fanIn, fanOut: units });
  },
  forward(layer, [input], { weight }) {
    const leading = input.shape.slice(0, -1);
    const product = tf.fused.matMul({
      a: tf.reshape(input, [-1, input.shape[input.rank - 1]]),
      b: weight('kernel') as tf.Tensor2D,
      ...(layer.bias ? { bias: weight('bias') } : {}),
      activation: layer.activation,
    });
    return tf.reshape(product, [...leading, layer.units]);
  },
  toSavedModel(layer, [input], context) {
    const { graph, variable, inputShapes } = context;
    // Only the batched product takes inputs of more than one axis.
    const op = inputShapes[0].length > 1 ? 'BatchMatMulV2' : 'MatMul';
    const product = graph.float(op, `${layer.name}/MatMul`, [input, variable('kernel')]);
    return finishSavedModel(layer, product, context);
  },
  toOnnx(layer, [input], context) {
    const { graph, weight } = context;
    const inputs = [graph.channelsLast(input), graph.weight(weight('kernel'))];
    const bias = onnxBias(layer, context);
    // Gemm takes vectors only.
    const isVector = context.inputShapes[0].length === 1;
    const output = `${layer.name}/output`;
    const product = isVector
      ? graph.node(layer.bias ? 'Gemm' : 'MatMul', [...inputs, ...bias], output)
      : graph.node('MatMul', inputs, layer.bias ? `${layer.name}/product` : output);
    const sum = isVector || !layer.bias ? product : graph.node('Add', [product, ...bias], output);
    return { name: finishOnnx(layer, sum, context), channels: 'last' };
  },
  toKeras: (layer, weight) => ({
    className: 'Dense',
    config: { units: layer.units, activation: layer.activation, use_bias: layer.bias },
    weights: kerasWeights(layer, weight),
  }),
};
