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
    inChannels: fc.constantFrom(1, 2, 3, 7, 8, 16, 17, 40),
    kernelHeight: fc.integer({ min: 1, max: 4 }),
    kernelWidth: fc.integer({ min: 1, max: 4 }),
    strideHeight: fc.integer({ min: 1, max: 4 }),
    strideWidth: fc.integer({ min: 1, max: 4 }),
    padding: fc.constantFrom('valid' as const, 'same' as const),
  })
  .map((r) => {
    const pads = (size: number, kernel: number, stride: number): [number, number] => {
      if (r.padding === 'valid') return [0, 0];
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    };
    const [padTop, padBottom] = pads(r.inHeight, r.kernelHeight, r.strideHeight);
    const [padLeft, padRight] = pads(r.inWidth, r.kernelWidth, r.strideWidth);
    const pad = { padTop, padBottom, padLeft, padRight };
    return { ...r, ...pad, outChannels: r.inChannels, dilationHeight: 1, dilationWidth: 1 };
  })
  .filter((g) => Math.min(...reference.outSize(g)) >= 1);

test('pools and their gradients equal their float64 references', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(geometry, fc.nat(1e6), (g, seed) =>
        tf.tidy(() => {
          const x = randomValues(seed, g.batch * g.inHeight * g.inWidth * g.inChannels, 0.3);
          const xt = tf.tensor4d(x, [g.batch, g.inHeight, g.inWidth, g.inChannels]);
          const size: [number, number] = [g.kernelHeight, g.kernelWidth];
          const strides: [number, number] = [g.strideHeight, g.strideWidth];
          const [height, width] = reference.outSize(g);
          const dy = randomValues(seed + 1, g.batch * height * width * g.inChannels, 0.5);
          const dyt = tf.tensor4d(dy, [g.batch, height, width, g.inChannels]);

          const maxPool = (a: tf.Tensor4D) => tf.maxPool(a, size, strides, g.padding);
          const { y, winners } = reference.maxPool(x, g);
          assertClose(maxPool(xt).dataSync(), y, 'maxPool');
          const maxGrad = tf
            .grad(maxPool as never)(xt, dyt)
            .dataSync();
          const maxScale = largest(reference.maxPoolGrad(magnitudes(dy), winners, x.length));
          const maxExpected = reference.maxPoolGrad(dy, winners, x.length);
          assertClose(maxGrad, maxExpected, 'maxPool gradient', { scale: maxScale });

          const avgPool = (a: tf.Tensor4D) => tf.avgPool(a, size, strides, g.padding);
          assertClose(avgPool(xt).dataSync(), reference.avgPool(x, g), 'avgPool', {
            scale: largest(x),
          });
          const avgGrad = tf
            .grad(avgPool as never)(xt, dyt)
            .dataSync();
          assertClose(avgGrad, reference.avgPoolGrad(dy, g), 'avgPool gradient', {
            scale: largest(reference.avgPoolGrad(magnitudes(dy), g)),
          });
        }),
      ),
      { numRuns: 150 },
    ),
  );
});
