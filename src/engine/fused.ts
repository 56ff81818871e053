import * as tf from '@tensorflow/tfjs-core';

export interface ConvPoolOptions {
  readonly strides: [number, number];
  readonly pad: 'valid' | 'same' | tf.backend_util.ExplicitPadding;
  readonly dilations: [number, number];
  /** Side of the square, non-overlapping max-pool. */
  readonly pool: number;
}

/** maxPool(relu(conv2d(x, w) + b)) */
export function convReluPool(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  b: tf.Tensor1D,
  { strides, pad, dilations, pool }: ConvPoolOptions,
): tf.Tensor4D {
  const y = tf.fused.conv2d({ x, filter: w, bias: b, strides, pad, dilations, activation: 'relu' });
  return tf.maxPool(y, pool, pool, 'valid');
}
