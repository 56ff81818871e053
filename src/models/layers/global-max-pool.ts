import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { globalPoolShape, onnxGlobalPool, savedModelGlobalPool } from './shared/global-pool.ts';

/** `[height, width, channels]` to `[channels]`: the maximum over all pixels. */
export interface GlobalMaxPoolLayer extends LayerBase {
  readonly kind: 'global-max-pool';
}

export const globalMaxPool: LayerKind<GlobalMaxPoolLayer> = {
  kind: 'global-max-pool',
  stem: 'pool',
  fields: () => ({}),
  outputShape: globalPoolShape,
  forward: (_, [input]) => tf.max(input, [1, 2]),
  toSavedModel: (layer, [input], context) => savedModelGlobalPool('Max', layer, input, context),
  toOnnx: (layer, [input], context) => onnxGlobalPool('GlobalMaxPool', layer, input, context),
  toKeras: () => ({ className: 'GlobalMaxPooling2D', config: { data_format: 'channels_last' } }),
};
