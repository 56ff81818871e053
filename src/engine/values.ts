import * as tf from '@tensorflow/tfjs-core';

/**
 * The values of the tensor that `compute` returns, row-major. That tensor and every one made on the way
 * are disposed.
 */
export async function valuesOf(compute: () => tf.Tensor): Promise<Float32Array> {
  const tensor = tf.tidy(compute);
  try {
    return await tensor.data<'float32'>();
  } finally {
    tensor.dispose();
  }
}

/**
 * Whether tensors are far from this program's arrays: on a GPU, to which each copy is sent and from
 * which each is waited for.
 */
export const isOnDevice = (): boolean => tf.getBackend() === 'webgpu';
