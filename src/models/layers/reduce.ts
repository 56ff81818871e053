import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import type { Reduction } from './reductions.ts';
import { cannotExport } from './shared/cannot-export.ts';
import { elements } from './shared/movement.ts';

/** The mean or maximum along the last axis, which stays with one position. */
export interface ReduceLayer extends LayerBase {
  readonly kind: 'reduce';
  readonly reduction: Reduction;
}

const OPERATORS = {
  mean: { forward: tf.mean, savedModel: 'Mean', onnx: 'ReduceMean' },
  max: { forward: tf.max, savedModel: 'Max', onnx: 'ReduceMax' },
} as const;

export const reduce: LayerKind<ReduceLayer> = {
  kind: 'reduce',
  stem: 'reduce',
  fields: ({ reduction }) => ({ reduction }),
  outputShape: (_, [input]) => [...input.slice(0, -1), 1],
  work: (_, [input]) => elements(input),
  forward: ({ reduction }, [input]) => OPERATORS[reduction].forward(input, -1, true),
  toSavedModel({ name, reduction }, [input], { graph }) {
    const op = OPERATORS[reduction].savedModel;
    const axis = graph.int32s(`${name}/axis`, [-1], [1]);
    return graph.float(op, `${name}/${op}`, [input, axis], {
      Tidx: graph.attr.type('int32'),
      keep_dims: graph.attr.bool(true),
    });
  },
  toOnnx({ name, reduction }, [input], { graph }) {
    const inputs = [graph.channelsLast(input)];
    const attributes = { axes: [-1], keepdims: 1 };
    const output = graph.node(OPERATORS[reduction].onnx, inputs, `${name}/output`, attributes);
    return { name: output, channels: 'last' };
  },
  toKeras(layer) {
    throw cannotExport(layer, 'Keras', 'a mean or maximum along the last axis');
  },
};
