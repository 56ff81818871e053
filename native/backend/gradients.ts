/** Gradients that TensorFlow.js lacks or computes with an extra pass, registered after its own. */
import * as tf from '@tensorflow/tfjs-core';
import { RELU_GRAD } from './elementwise.ts';
import './tfjs-gradients.ts';

/** True while an outer gradient records: then every step must have a gradient itself. */
export function isDifferentiatedAgain(): boolean {
  return tf.engine().state.gradientDepth > 0;
}

/** dy where the input (or, as well, the output) of a ReLU is positive, else 0. */
export function reluGradient<T extends tf.Tensor>(dy: T, xOrY: tf.Tensor): T {
  const isCompiled = tf.getKernel(RELU_GRAD, tf.getBackend()) !== undefined;
  if (!isCompiled || isDifferentiatedAgain()) return tf.mul(dy, tf.step(xOrY));
  return tf.engine().runKernel(RELU_GRAD, { a: dy, b: xOrY }) as tf.Tensor as T;
}

tf.registerGradient({
  kernelName: tf.Relu,
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({ x: () => reluGradient(dy as tf.Tensor, x) }),
});

/** Without this one, second derivatives by a filter would throw. */
tf.registerGradient({
  kernelName: tf.Conv2DBackpropFilter,
  inputsToSave: ['x', 'dy'],
  gradFunc: (ddw, saved, attrs) => {
    const [x, dy] = saved as [tf.Tensor4D, tf.Tensor4D];
    const { strides, pad } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
    const filter = ddw as tf.Tensor4D;
    return {
      x: () => tf.conv2dTranspose(dy, filter, x.shape, strides, pad),
      dy: () => tf.conv2d(x, filter, strides, pad),
    };
  },
});
