import * as tf from '@tensorflow/tfjs-core';
import type { LayerKind } from './layer-kind.ts';
import * as pools from './shared/pool.ts';
import { samePadding } from './shared/window.ts';

/** The mean over the pixels of each window that are inside the image; padding is `valid` or `same`. */
export interface AveragePoolLayer extends pools.PoolBase {
  readonly kind: 'average-pool';
}

export const averagePool: LayerKind<AveragePoolLayer> = {
  kind: 'average-pool',
  stem: 'pool',
  fields: ({ pair, padding }) => ({ size: pair, strides: pair, padding }),
  outputShape: pools.poolShape,
  work: pools.poolWork,
  problem: ({ padding }) =>
    typeof padding === 'string' ? undefined : 'averages over explicit padding',
  /**
   * Padding is a step of its own, because the gradient of TensorFlow.js's own padded average pool
   * divides by the padding too.
   */
  forward({ size, strides, padding }, [input]) {
    const pool = (x: tf.Tensor4D) => tf.avgPool(x, [...size], [...strides], 'valid');
    if (padding !== 'same') return pool(input as tf.Tensor4D);
    const [, height, width] = input.shape;
    const rows = samePadding(height, size[0], strides[0]);
    const columns = samePadding(width, size[1], strides[1]);
    const pad = (x: tf.Tensor4D) => tf.pad(x, [[0, 0], rows, columns, [0, 0]]);
    const share = pool(pad(tf.ones([1, height, width, 1])));
    return tf.div(pool(pad(input as tf.Tensor4D)), share);
  },
  toSavedModel(layer, inputs, context) {
    // TensorFlow's AvgPool has no explicit padding, not even an empty one.
    const { explicit_paddings: _, ...attributes } = pools.poolAttributes(layer, context);
    return context.graph.float('AvgPool', `${layer.name}/AvgPool`, inputs, attributes);
  },
  toOnnx: (layer, [input], context) => pools.onnxPool('AveragePool', layer, input, context),
  toKeras: (layer) => pools.kerasPool('AveragePooling2D', layer),
};
