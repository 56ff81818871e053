import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';

/** The axes in another order: axis `i` of the output is axis `order[i]`, the batch not counted. */
export interface TransposeLayer extends LayerBase {
  readonly kind: 'transpose';
  readonly order: readonly number[];
}

/** The order with the batch axis, which stays first. */
const withBatch = (order: readonly number[]) => [0, ...order.map((axis) => axis + 1)];

export const transpose: LayerKind<TransposeLayer> = {
  kind: 'transpose',
  stem: 'transpose',
  fields: ({ axes }) => ({ order: axes }),
  outputShape({ order }, [input]) {
    const fits = `${[...order].sort((a, b) => a - b)}` === `${input.map((_, i) => i)}`;
    return fits ? order.map((axis) => input[axis]) : [Number.NaN];
  },
  forward: ({ order }, [input]) => tf.transpose(input, withBatch(order)),
  toSavedModel({ name, order }, [input], { graph }) {
    const perm = graph.int32s(`${name}/perm`, withBatch(order), [order.length + 1]);
    return graph.float('Transpose', `${name}/Transpose`, [input, perm], {
      Tperm: graph.attr.type('int32'),
    });
  },
  toOnnx({ name, order }, [input], { graph }) {
    const inputs = [graph.channelsLast(input)];
    const output = graph.node('Transpose', inputs, `${name}/output`, { perm: withBatch(order) });
    return { name: output, channels: 'last' };
  },
  toKeras: ({ order }) => ({ className: 'Permute', config: { dims: withBatch(order).slice(1) } }),
};
