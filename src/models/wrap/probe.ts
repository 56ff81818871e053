/** The images on which a model is tried and told from others. */
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream } from '../../engine/index.ts';

const PROBES = 4;

/** Random images `[4, H, W, C]` in [0, 1], the same ones every time; the caller disposes of them. */
export function probeImages(shape: readonly [number, number, number]): tf.Tensor4D {
  const stream = new RandomStream(0, 'probe');
  const size = PROBES * shape.reduce((a, b) => a * b);
  return tf.tensor4d(
    Float32Array.from({ length: size }, () => stream.uniform()),
    [PROBES, ...shape],
  );
}
