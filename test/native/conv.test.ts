import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { convReluPool } from '../../native/backend/index.ts';
import { compiledBackends, onEveryPath, use } from './backends.ts';
import * as reference from './reference.ts';
import { assertClose, largest, magnitudes, randomValues } from './values.ts';

const small = fc.integer({ min: 1, max: 3 });

/** Geometries of all kinds: odd channel counts, strides, one-sided padding, dilation. */
const geometry = fc
  .record({
    batch: small,
    inHeight: fc.integer({ min: 1, max: 12 }),
    inWidth: fc.integer({ min: 1, max: 12 }),
    inChannels: fc.constantFrom(1, 2, 3, 5, 8, 16, 17, 33),
    kernelHeight: fc.integer({ min: 1, max: 5 }),
    kernelWidth: fc.integer({ min: 1, max: 5 }),
    outChannels: fc.constantFrom(1, 3, 7, 8, 15, 16, 17, 32, 35),
    strideHeight: small,
    strideWidth: small,
    padTop: fc.integer({ min: 0, max: 3 }),
    padBottom: fc.integer({ min: 0, max: 3 }),
    padLeft: fc.integer({ min: 0, max: 3 }),
    padRight: fc.integer({ min: 0, max: 3 }),
    dilationHeight: fc.constant(1),
    dilationWidth: fc.constant(1),
  })
  .filter((g) => Math.min(...reference.outSize(g)) >= 1);

const dilated = geometry.chain((g) =>
  fc
    .record({ dilationHeight: small, dilationWidth: small })
    .map((dilation) => ({ ...g, ...dilation, strideHeight: 1, strideWidth: 1 }))
    .filter((h) => Math.min(...reference.outSize(h)) >= 1),
);

const zeros = fc.constantFrom(0, 0.5, 0.8, 0.99, 1);
const seed = fc.nat(1e6);

function tensors(g: reference.Geometry, s: number) {
  const x = randomValues(s, g.batch * g.inHeight * g.inWidth * g.inChannels);
  const w = randomValues(s + 1, g.kernelHeight * g.kernelWidth * g.inChannels * g.outChannels);
  const bias = randomValues(s + 2, g.outChannels);
  return {
    x,
    w,
    bias,
    xt: tf.tensor4d(x, [g.batch, g.inHeight, g.inWidth, g.inChannels]),
    wt: tf.tensor4d(w, [g.kernelHeight, g.kernelWidth, g.inChannels, g.outChannels]),
    biast: tf.tensor1d(bias),
  };
}

function options(g: reference.Geometry) {
  return {
    strides: [g.strideHeight, g.strideWidth] as [number, number],
    dilations: [g.dilationHeight, g.dilationWidth] as [number, number],
    pad: [
      [0, 0],
      [g.padTop, g.padBottom],
      [g.padLeft, g.padRight],
      [0, 0],
    ] as tf.backend_util.ExplicitPadding,
  };
}

test('conv2d equals its float64 reference for any geometry', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(fc.oneof(geometry, dilated), seed, (g, s) =>
        tf.tidy(() => {
          const { x, w, bias, xt, wt, biast } = tensors(g, s);
          const { strides, dilations, pad } = options(g);
          const scale = largest(
            reference.conv2d(magnitudes(x), magnitudes(w), magnitudes(bias), g),
          );
          const y = tf.conv2d(xt, wt, strides, pad, 'NHWC', dilations);
          assertClose(y.dataSync(), reference.conv2d(x, w, null, g), 'conv2d', { scale });
          const fused = tf.fused.conv2d({
            ...{ x: xt, filter: wt, strides, pad, dilations, bias: biast },
            activation: 'relu',
          });
          const expected = reference.conv2d(x, w, bias, g).map((value) => Math.max(0, value));
          assertClose(fused.dataSync(), expected, 'fused conv2d', { scale });
        }),
      ),
      { numRuns: 150 },
    ),
  );
});

test('depthwise convolutions and their gradients equal their float64 references', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(fc.oneof(geometry, dilated), seed, zeros, ({ inChannels, ...rest }, s, share) =>
        tf.tidy(() => {
          const g = { ...rest, inChannels, outChannels: inChannels };
          const x = randomValues(s, g.batch * g.inHeight * g.inWidth * inChannels);
          const w = randomValues(s + 1, g.kernelHeight * g.kernelWidth * inChannels);
          const [outHeight, outWidth] = reference.outSize(g);
          const dy = randomValues(s + 2, g.batch * outHeight * outWidth * inChannels, share);
          const xt = tf.tensor4d(x, [g.batch, g.inHeight, g.inWidth, inChannels]);
          const wt = tf.tensor4d(w, [g.kernelHeight, g.kernelWidth, inChannels, 1]);
          const { strides, dilations, pad } = options(g);
          const convolve = (image: tf.Tensor, filter: tf.Tensor) => {
            const [a, b] = [image as tf.Tensor4D, filter as tf.Tensor4D];
            return tf.depthwiseConv2d(a, b, strides, pad as never, 'NHWC', dilations);
          };
          const expected = reference.depthwise(x, w, dy, g);
          const [ax, aw, ady] = [x, w, dy].map(magnitudes);
          const scales = reference.depthwise(ax, aw, ady, g);
          const close = (got: tf.Tensor, what: 'y' | 'dx' | 'dw') =>
            assertClose(got.dataSync(), expected[what], what, { scale: largest(scales[what]) });
          const y = convolve(xt, wt);
          close(y, 'y');
          // TensorFlow.js has no gradients of dilated ones.
          if (Math.max(...dilations) > 1) return;
          const [dx, dw] = tf.grads((a, b) => convolve(a, b))([xt, wt], tf.tensor(dy, y.shape));
          close(dx, 'dx');
          close(dw, 'dw');
        }),
      ),
      { numRuns: 80 },
    ),
  );
});

test('conv2d gradients equal their float64 references, dense and sparse', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(geometry, seed, zeros, (g, s, share) =>
        tf.tidy(() => {
          const { x, w, xt, wt } = tensors(g, s);
          const { strides, pad } = options(g);
          const [outHeight, outWidth] = reference.outSize(g);
          const dy = randomValues(s + 3, g.batch * outHeight * outWidth * g.outChannels, share);
          const dyt = tf.tensor4d(dy, [g.batch, outHeight, outWidth, g.outChannels]);
          const forward = (a: tf.Tensor4D, b: tf.Tensor4D) => tf.conv2d(a, b, strides, pad);
          const [dx, dw] = tf.grads(forward as never)([xt, wt], dyt);
          const [ax, aw, ady] = [x, w, dy].map(magnitudes);
          assertClose(dx.dataSync(), reference.conv2dBackpropInput(dy, w, g), 'dx', {
            scale: largest(reference.conv2dBackpropInput(ady, aw, g)),
          });
          assertClose(dw.dataSync(), reference.conv2dBackpropFilter(x, dy, g), 'dw', {
            scale: largest(reference.conv2dBackpropFilter(ax, ady, g)),
          });
        }),
      ),
      { numRuns: 150 },
    ),
  );
});

test('convReluPool and its gradients equal the same block in float64', async () => {
  await onEveryPath(() =>
    fc.assert(
      fc.property(fc.oneof(geometry, dilated), seed, fc.integer({ min: 1, max: 4 }), (g, s, pool) =>
        tf.tidy(() => {
          const [outHeight, outWidth] = reference.outSize(g);
          const [height, width] = [Math.floor(outHeight / pool), Math.floor(outWidth / pool)];
          fc.pre(height >= 1 && width >= 1);
          fc.pre(pool > 1 || g.dilationHeight * g.dilationWidth === 1); // composed: TensorFlow.js's limits
          const { x, w, bias, xt, wt, biast } = tensors(g, s);
          const block = (a: tf.Tensor4D, b: tf.Tensor4D, c: tf.Tensor1D) =>
            convReluPool(a, b, c, { ...options(g), pool });

          const conv = reference.conv2d(x, w, bias, g).map((value) => Math.max(0, value));
          const poolGeometry = {
            ...g,
            ...{ inHeight: outHeight, inWidth: outWidth, inChannels: g.outChannels },
            ...{ kernelHeight: pool, kernelWidth: pool, strideHeight: pool, strideWidth: pool },
            ...{ padTop: 0, padBottom: 0, padLeft: 0, padRight: 0 },
            ...{ dilationHeight: 1, dilationWidth: 1 },
          };
          const { y, winners } = reference.maxPool(conv, poolGeometry);
          const [ax, aw, ab] = [x, w, bias].map(magnitudes);
          const scale = largest(reference.conv2d(ax, aw, ab, g));
          assertClose(block(xt, wt, biast).dataSync(), y, 'y', { scale });

          const dy = randomValues(s + 3, y.length);
          const dyt = tf.tensor4d(dy, [g.batch, height, width, g.outChannels]);
          const dConv = reference.maxPoolGrad(dy, winners, conv.length);
          conv.forEach((value, i) => {
            if (value === 0) dConv[i] = 0;
          });
          const [dx, dw, db] = tf.grads(block as never)([xt, wt, biast], dyt);
          const ady = dConv.map(Math.abs);
          assertClose(dx.dataSync(), reference.conv2dBackpropInput(dConv, w, g), 'dx', {
            scale: largest(reference.conv2dBackpropInput(ady, aw, g)),
          });
          assertClose(dw.dataSync(), reference.conv2dBackpropFilter(x, dConv, g), 'dw', {
            scale: largest(reference.conv2dBackpropFilter(ax, ady, g)),
          });
          const columns = (values: Float64Array) => {
            const sums = new Float64Array(g.outChannels);
            values.forEach((value, i) => {
              sums[i % g.outChannels] += value;
            });
            return sums;
          };
          assertClose(db.dataSync(), columns(dConv), 'db', { scale: largest(columns(ady)) });
        }),
      ),
      { numRuns: 150 },
    ),
  );
});

test('convReluPool computes only the gradients that are asked for', async () => {
  const backend = await use(compiledBackends[0]);
  const g = { strides: [1, 1], dilations: [1, 1], pad: 'valid', pool: 2 } as const;
  tf.tidy(() => {
    const x = tf.ones([2, 8, 8, 3]) as tf.Tensor4D;
    const w = tf.ones([3, 3, 3, 4]) as tf.Tensor4D;
    const b = tf.ones([4]) as tf.Tensor1D;
    const run = {
      ...g,
      strides: [1, 1] as [number, number],
      dilations: [1, 1] as [number, number],
    };
    const onlyBias = tf.grad((bias) => convReluPool(x, w, bias as tf.Tensor1D, run))(b);
    assert.deepEqual([...onlyBias.dataSync()], [18, 18, 18, 18]);
    const before = backend.numDataIds();
    tf.tidy(() =>
      tf
        .grad((image) => convReluPool(image as tf.Tensor4D, w, b, run))(x)
        .dataSync(),
    );
    assert.equal(backend.numDataIds(), before);
  });
});

test('second derivatives through convReluPool equal those of the composed operations', async () => {
  const g = { strides: [1, 1], dilations: [1, 1], pad: 'same', pool: 2 } as const;
  const x = randomValues(1, 2 * 7 * 6 * 2);
  const w = randomValues(2, 3 * 3 * 2 * 3);
  const b = randomValues(3, 3);
  const derivatives = () =>
    tf.tidy(() => {
      const xt = tf.tensor4d(x, [2, 7, 6, 2]);
      const bt = tf.tensor1d(b);
      const run = {
        ...g,
        strides: [1, 1] as [number, number],
        dilations: [1, 1] as [number, number],
      };
      // d/dw of |d loss/dx|^2, with a loss that is not linear in the block's output
      const penalty = (weights: tf.Tensor) => {
        const loss = (image: tf.Tensor) =>
          tf.sum(tf.square(convReluPool(image as tf.Tensor4D, weights as tf.Tensor4D, bt, run)));
        return tf.sum(tf.square(tf.grad(loss)(xt))) as tf.Scalar;
      };
      const filterPenalty = (weights: tf.Tensor) => {
        const loss = (v: tf.Tensor) =>
          tf.sum(tf.square(convReluPool(xt, v as tf.Tensor4D, bt, run)));
        return tf.sum(tf.square(tf.grad(loss)(weights))) as tf.Scalar;
      };
      const wt = tf.tensor4d(w, [3, 3, 2, 3]);
      return [penalty, filterPenalty].map((f) =>
        tf
          .grad(f as never)(wt)
          .dataSync()
          .slice(),
      );
    });
  // The JavaScript backend composes the block; its max-pool has no second derivative, so the
  // reference is the same computation by central differences of first derivatives in float32.
  const first = (weights: Float32Array, which: 0 | 1) =>
    tf.tidy(() => {
      const xt = tf.tensor4d(x, [2, 7, 6, 2]);
      const wt = tf.tensor4d(weights, [3, 3, 2, 3]);
      const run = {
        ...g,
        strides: [1, 1] as [number, number],
        dilations: [1, 1] as [number, number],
      };
      const loss = (image: tf.Tensor, v: tf.Tensor) =>
        tf.sum(
          tf.square(convReluPool(image as tf.Tensor4D, v as tf.Tensor4D, tf.tensor1d(b), run)),
        );
      const gradient = tf.grads(loss as never)([xt, wt])[which];
      return (gradient.dataSync() as Float32Array).reduce((sum, value) => sum + value * value, 0);
    });
  for (const name of compiledBackends) {
    await use(name);
    for (const [which, gradient] of derivatives().entries()) {
      const scale = Math.max(...gradient.map(Math.abs));
      for (const i of [0, 7, 20, 53]) {
        const step = 1e-2;
        const at = (offset: number) =>
          first(
            w.map((v, j) => (j === i ? v + offset : v)),
            which as 0 | 1,
          );
        const expected = (at(step) - at(-step)) / (2 * step);
        assert.ok(Math.abs(gradient[i] - expected) < 2e-2 * scale, `${name} ${which} ${i}`);
      }
    }
  }
});

test('convReluPool refuses a pool larger than what the convolution leaves', async () => {
  for (const name of compiledBackends) {
    await use(name);
    const run = () =>
      convReluPool(tf.zeros([4, 3, 9, 7]), tf.zeros([1, 1, 7, 22]), tf.zeros([22]), {
        strides: [2, 2],
        pad: 'same',
        dilations: [1, 1],
        pool: 3,
      });
    assert.throws(() => tf.tidy(run), RangeError, name);
  }
});

test("an example's input gradient is the same to the bit, whatever its neighbors are like", async () => {
  const [size, channels, filters] = [13, 32, 64];
  const rows = size * size * filters;
  const w = randomValues(1, 9 * channels * filters);
  const sparse = randomValues(2, rows).map((value, i) => (i % 10 === 0 ? value : 0));
  const dense = randomValues(3, 7 * rows);
  for (const name of compiledBackends) {
    await use(name);
    const gradient = (values: Float32Array): number[] => {
      let first: number[] = [];
      tf.tidy(() => {
        const count = values.length / rows;
        const dy = tf.tensor4d(values, [count, size, size, filters]);
        const filter = tf.tensor4d(w, [3, 3, channels, filters]);
        const shape: [number, number, number, number] = [count, size, size, channels];
        const out = tf.conv2dTranspose(dy, filter, shape, 1, 'same');
        first = Array.from(out.dataSync().slice(0, size * size * channels));
      });
      return first;
    };
    const alone = gradient(sparse);
    const among = gradient(Float32Array.from([...sparse, ...dense]));
    assert.deepEqual(among, alone, name);
  }
});
