import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';

/** An image to the vector of its values, row-major with channels last. */
export interface FlattenLayer extends LayerBase {
  readonly kind: 'flatten';
}

export const flatten: LayerKind<FlattenLayer> = {
  kind: 'flatten',
  stem: 'flatten',
  fields: () => ({}),
  outputShape: (_, [input]) => [input.reduce((product, size) => product * size, 1)],
  forward: (_, [input]) => tf.reshape(input, [input.shape[0], -1]),
  toSavedModel({ name }, [input], { graph, outputShape }) {
    const shape = graph.int32s(`${name}/shape`, [-1, ...outputShape], [1 + outputShape.length]);
    return graph.float('Reshape', `${name}/Reshape`, [input, shape], {
      Tshape: graph.attr.type('int32'),
    });
  },
  /** The values keep the order of channels last, as the weights that follow expect. */
  toOnnx({ name }, [input], { graph }) {
    const image = graph.channelsLast(input);
    return {
      name: graph.node('Flatten', [image], `${name}/output`, { axis: 1 }),
      channels: 'last',
    };
  },
  toKeras: () => ({ className: 'Flatten', config: { data_format: 'channels_last' } }),
};
