import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { elements, savedModelReshape } from './shared/movement.ts';

/** An image to the vector of its values, row-major with channels last. */
export interface FlattenLayer extends LayerBase {
  readonly kind: 'flatten';
}

export const flatten: LayerKind<FlattenLayer> = {
  kind: 'flatten',
  stem: 'flatten',
  fields: () => ({}),
  outputShape: (_, [input]) => [elements(input)],
  forward: (_, [input]) => tf.reshape(input, [input.shape[0], -1]),
  toSavedModel: ({ name }, [input], context) => savedModelReshape(name, input, context),
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
