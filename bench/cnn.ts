/** The network and the tasks that the benchmark and the engine's tests measure. */
import * as tf from '@tensorflow/tfjs-core';
import { type ConvPoolOptions, convReluPool, RandomStream } from '../src/engine/index.ts';

/** conv 3x3x32, pool 2, conv 3x3x64, pool 2, dense 128, dense 10, for 28x28 images. */
export const SHAPES: readonly (readonly number[])[] = [
  [3, 3, 1, 32],
  [32],
  [3, 3, 32, 64],
  [64],
  [1600, 128],
  [128],
  [128, 10],
  [10],
];

const BLOCK: ConvPoolOptions = { strides: [1, 1], dilations: [1, 1], pad: 'valid', pool: 2 };

/** Initial weights: uniform, scaled by the inputs of a unit; the same for the same seed. */
export function initialValues(seed = 1): Float32Array[] {
  return SHAPES.map((shape, i) => {
    const stream = new RandomStream(seed, `weights/${i}`);
    const size = shape.reduce((a, b) => a * b, 1);
    const limit = shape.length === 1 ? 0.01 : Math.sqrt((6 * shape[shape.length - 1]) / size);
    return Float32Array.from({ length: size }, () => limit * (2 * stream.uniform() - 1));
  });
}

/** Images with 80 % of their pixels black, as MNIST has, and labels in 0 to 9. */
export function exampleValues(
  batch: number,
  seed = 1,
): { images: Float32Array; labels: Int32Array } {
  const stream = new RandomStream(seed, 'examples');
  const images = Float32Array.from({ length: batch * 784 }, () =>
    stream.uniform() < 0.8 ? 0 : stream.uniform(),
  );
  return { images, labels: Int32Array.from({ length: batch }, () => stream.integer(10)) };
}

export class Cnn {
  readonly variables: tf.Variable[];

  constructor(values: readonly Float32Array[] = initialValues()) {
    this.variables = values.map((array, i) =>
      tf.tidy(() => tf.variable(tf.tensor(array.slice(), [...SHAPES[i]]))),
    );
  }

  /** @param images `[N, 28, 28, 1]` */
  logits(images: tf.Tensor4D): tf.Tensor2D {
    const [w1, b1, w2, b2, w3, b3, w4, b4] = this.variables as unknown as [
      ...[tf.Tensor4D, tf.Tensor1D, tf.Tensor4D, tf.Tensor1D],
      ...[tf.Tensor2D, tf.Tensor1D, tf.Tensor2D, tf.Tensor1D],
    ];
    const first = convReluPool(images, w1, b1, BLOCK);
    const second = convReluPool(first, w2, b2, BLOCK);
    const flat = tf.reshape(second, [images.shape[0], 1600]) as tf.Tensor2D;
    const hidden = tf.relu(tf.add(tf.matMul(flat, w3), b3)) as tf.Tensor2D;
    return tf.add(tf.matMul(hidden, w4), b4) as tf.Tensor2D;
  }

  /** Mean cross-entropy; `targets` are one-hot or soft labels `[N, 10]`. */
  loss(images: tf.Tensor4D, targets: tf.Tensor2D): tf.Scalar {
    const logs = tf.logSoftmax(this.logits(images));
    return tf.neg(tf.mean(tf.sum(tf.mul(targets, logs), 1))) as tf.Scalar;
  }

  dispose(): void {
    for (const variable of this.variables) variable.dispose();
  }
}

/** Examples as tensors: images `[N, 28, 28, 1]` and one-hot targets `[N, 10]`. */
export function asTensors({ images, labels }: { images: Float32Array; labels: Int32Array }): {
  images: tf.Tensor4D;
  targets: tf.Tensor2D;
} {
  const targets = tf.tidy(() => {
    const oneHot = tf.oneHot(tf.tensor1d(labels, 'int32'), 10);
    return tf.cast(oneHot, 'float32') as tf.Tensor2D;
  });
  return { images: tf.tensor4d(images, [labels.length, 28, 28, 1]), targets };
}

export function exampleTensors(batch: number, seed = 1): ReturnType<typeof asTensors> {
  return asTensors(exampleValues(batch, seed));
}
