import * as tf from '@tensorflow/tfjs-core';
import type { LayerKind } from './layer-kind.ts';
import * as pools from './shared/pool.ts';
import { tfjsPadding } from './shared/window.ts';

/** The maximum over each window of each channel. */
export interface MaxPoolLayer extends pools.PoolBase {
  readonly kind: 'max-pool';
}

export const maxPool: LayerKind<MaxPoolLayer> = {
  kind: 'max-pool',
  stem: 'pool',
  fields: ({ pair, padding }) => ({ size: pair, strides: pair, padding }),
  outputShape: pools.poolShape,
  work: pools.poolWork,
  forward: (layer, [input]) =>
    tf.maxPool(
      input as tf.Tensor4D,
      [...layer.size],
      [...layer.strides],
      tfjsPadding(layer.padding),
    ),
  toSavedModel: (layer, inputs, context) =>
    context.graph.float(
      'MaxPool',
      `${layer.name}/MaxPool`,
      inputs,
      pools.poolAttributes(layer, context),
    ),
  toOnnx: (layer, [input], context) => pools.onnxPool('MaxPool', layer, input, context),
  toKeras: (layer) => pools.kerasPool('MaxPooling2D', layer),
};
