import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { onEveryPath } from './backends.ts';
import * as reference from './reference.ts';
import { assertClose, largest, magnitudes, randomValues } from './values.ts';

const geometry = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    inHeight: fc.integer({ min: 1, max: 11 }),
    inWidth: fc.integer({ min: 1, max: 11 }),
    inChannels: fc.constantFrom(1, 3, 7, 8, 16, 17, 40),
    kernelHeight: fc.integer({ min: 1, max: 4 }),
    kernelWidth: fc.integer({ min: 1, max: 4 }),
    strideHeight: fc.integer({ min: 1, max: 3 }),
    strideWidth: fc.integer({ min: 1, max: 3 }),
    padTop: fc.nat(2),
    padBottom: fc.nat(2),
    padLeft: fc.nat(2),
    padRight: fc.nat(2),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ dilation, ...r }) => {
    // TensorFlow.js dilates unit strides only.
    const dilated = r.strideHeight === 1 && r.strideWidth === 1 ? dilation : 1;
    const all = { ...r, outChannels: r.inChannels };
    return { ...all, dilationHeight: dilated, dilationWidth: dilated };
  })
  .filter((g) => Math.min(...reference.outSize(g)) >= 1);

test('depthwise convolutions and their gradients equal their float64 references', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(geometry, fc.nat(1e6), (g, seed) =>
        tf.tidy(() => {
          const shape: [number, number, number, number] = [
            ...([g.batch, g.inHeight, g.inWidth, g.inChannels] as const),
          ];
          const filterShape: [number, number, number, number] = [
            ...([g.kernelHeight, g.kernelWidth, g.inChannels, 1] as const),
          ];
          const [height, width] = reference.outSize(g);
          const x = randomValues(seed, tf.util.sizeFromShape(shape), 0.3);
          const w = randomValues(seed + 1, tf.util.sizeFromShape(filterShape));
          const dy = randomValues(seed + 2, g.batch * height * width * g.inChannels, 0.3);
          const convolve = (image: tf.Tensor, filter: tf.Tensor) =>
            tf.depthwiseConv2d(
              image as tf.Tensor4D,
              filter as tf.Tensor4D,
              [g.strideHeight, g.strideWidth],
              [
                [0, 0],
                [g.padTop, g.padBottom],
                [g.padLeft, g.padRight],
                [0, 0],
              ] as never,
              'NHWC',
              [g.dilationHeight, g.dilationWidth],
            );
          const [xt, wt] = [tf.tensor(x, shape), tf.tensor(w, filterShape)];
          const y = convolve(xt, wt);
          const results = (a: ArrayLike<number>, b: ArrayLike<number>, d: ArrayLike<number>) =>
            reference.depthwise(a, b, d, g);
          const expected = results(x, w, dy);
          const scale = results(magnitudes(x), magnitudes(w), magnitudes(dy));
          const close = (got: tf.Tensor, what: 'y' | 'dx' | 'dw') =>
            assertClose(got.dataSync(), expected[what], what, { scale: largest(scale[what]) });
          close(y, 'y');
          if (g.dilationHeight > 1) return; // without gradients in TensorFlow.js
          const [dx, dw] = tf.grads((a, b) => convolve(a, b))([xt, wt], tf.tensor(dy, y.shape));
          close(dx, 'dx');
          close(dw, 'dw');
        }),
      ),
      { numRuns: 80 },
    ),
  );
});
