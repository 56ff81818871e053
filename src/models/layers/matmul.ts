import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { cannotExport } from './shared/cannot-export.ts';
import { elements } from './shared/movement.ts';

/** The matrix product of two inputs, `[..., m, k]` and `[..., k, n]`, for each leading index. */
export interface MatmulLayer extends LayerBase {
  readonly kind: 'matmul';
}

export const matmul: LayerKind<MatmulLayer> = {
  kind: 'matmul',
  stem: 'matmul',
  fields: () => ({}),
  outputShape(_, [a, b]) {
    const leading = a.slice(0, -2);
    const fits = a.length >= 2 && a.at(-1) === b?.at(-2) && `${leading}` === `${b.slice(0, -2)}`;
    return fits ? [...a.slice(0, -1), b[b.length - 1]] : [Number.NaN];
  },
  work: (_, [a], output) => elements(output) * a[a.length - 1],
  forward: (_, [a, b]) => tf.matMul(a, b),
  toSavedModel: ({ name }, inputs, { graph }) =>
    graph.float('BatchMatMulV2', `${name}/MatMul`, inputs),
  toOnnx({ name }, inputs, { graph }) {
    const names = inputs.map((input) => graph.channelsLast(input));
    return { name: graph.node('MatMul', names, `${name}/output`), channels: 'last' };
  },
  toKeras(layer) {
    throw cannotExport(layer, 'Keras', 'a matrix product of two layers');
  },
};
