import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { globalPoolShape, onnxGlobalPool, savedModelGlobalPool } from './shared/global-pool.ts';

/** `[height, width, channels]` to `[channels]`: the mean over all pixels. */
export interface GlobalAveragePoolLayer extends LayerBase {
  readonly kind: 'global-average-pool';
}

export const globalAveragePool: LayerKind<GlobalAveragePoolLayer> = {
  kind: 'global-average-pool',
  stem: 'pool',
  fields: () => ({}),
  outputShape: globalPoolShape,
  forward: (_, [input]) => tf.mean(input, [1, 2]),
  toSavedModel: (layer, [input], context) => savedModelGlobalPool('Mean', layer, input, context),
  toOnnx: (layer, [input], context) => onnxGlobalPool('GlobalAveragePool', layer, input, context),
  toKeras: () => ({
    className: 'GlobalAveragePooling2D',
    config: { data_format: 'channels_last' },
  }),
};
