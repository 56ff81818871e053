/**
 * The training block of convolutional networks, `maxPool(relu(conv2d(x, w) + b))`, as one kernel
 * with a gradient of its own: the convolution's output stays in the cache, positions that the pool
 * drops are never stored, and what is kept for the gradient is one byte for each pooled pixel (which
 * position of its window won) instead of two activations.
 */
import * as tf from '@tensorflow/tfjs-core';
import { CompiledBackend } from './backend.ts';
import { type ConvInfo, convGeometryOf } from './conv.ts';
import { isDifferentiatedAgain, reluGradient } from './gradients.ts';
import { Activation } from './kernel-table.ts';
import { type CompiledKernel, kernel } from './registry.ts';

/** The block without a pool; the inputs `x`, `filter` and `bias`, and attributes of `ConvPoolOptions`. */
export const CONV_RELU = 'ConvRelu';
const FORWARD = 'ConvReluPool';
const BACKPROP_FILTER = 'ConvReluPoolBackpropFilter';
const BACKPROP_INPUT = 'ConvReluPoolBackpropInput';

/** The index of a window's winner is one byte, of which 255 stands for none. */
const MAX_POOL = 15;

export interface ConvPoolOptions {
  readonly strides: [number, number];
  readonly pad: 'valid' | 'same' | tf.backend_util.ExplicitPadding;
  readonly dilations: [number, number];
  /** Side of the square, non-overlapping max-pool; rows and columns that fill no window are dropped. */
  readonly pool: number;
}

interface Attrs extends ConvPoolOptions {
  readonly xShape: [number, number, number, number];
  readonly filterShape: [number, number, number, number];
}

function infoOf({ xShape, filterShape, strides, dilations, pad }: Attrs): ConvInfo {
  return tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, dilations, pad);
}

function pooledShape(info: ConvInfo, pool: number): [number, number, number, number] {
  const height = Math.floor(info.outHeight / pool);
  const width = Math.floor(info.outWidth / pool);
  return [info.batchSize, height, width, info.outChannels];
}

/**
 * `winners` and `biasGradient` are written to although they are inputs: as second outputs they would
 * cost a zero gradient of their size at every step. `convReluPool` allocates them for one call.
 */
const forward = kernel<'x' | 'filter' | 'bias' | 'winners', Attrs>(
  FORWARD,
  ({ inputs: { x, filter, bias, winners }, attrs, backend }) => {
    const info = infoOf(attrs);
    const y = backend.allocate(pooledShape(info, attrs.pool));
    const [xs, ws, bs, ys, argmax] = backend.arrays<
      [Float32Array, Float32Array, Float32Array, Float32Array, Uint8Array]
    >(x, filter, bias, y, winners);
    backend.kernels.conv2d_relu_pool(xs, ws, bs, ys, argmax, convGeometryOf(info), attrs.pool);
    return y;
  },
);

/** Returns the filter's gradient and writes the bias's into the input `biasGradient`. */
const backpropFilter = kernel<'x' | 'dy' | 'winners' | 'biasGradient', Attrs>(
  BACKPROP_FILTER,
  ({ inputs: { x, dy, winners, biasGradient }, attrs, backend }) => {
    const info = infoOf(attrs);
    const dw = backend.allocate(info.filterShape);
    const [xs, dys, argmax, dws, db] = backend.arrays<
      [Float32Array, Float32Array, Uint8Array, Float32Array, Float32Array]
    >(x, dy, winners, dw, biasGradient);
    const geometry = convGeometryOf(info);
    const { pool } = attrs;
    backend.kernels.conv2d_relu_pool_backprop_filter(xs, dys, argmax, dws, db, geometry, pool);
    return dw;
  },
);

const backpropInput = kernel<'dy' | 'winners' | 'filter', Attrs>(
  BACKPROP_INPUT,
  ({ inputs: { dy, winners, filter }, attrs, backend }) => {
    const info = infoOf(attrs);
    const dx = backend.allocate(info.inShape);
    const [dys, argmax, ws, dxs] = backend.arrays<
      [Float32Array, Uint8Array, Float32Array, Float32Array]
    >(dy, winners, filter, dx);
    const geometry = convGeometryOf(info);
    backend.kernels.conv2d_relu_pool_backprop_input(dys, argmax, ws, dxs, geometry, attrs.pool);
    return dx;
  },
);

/** The block without a pool. Dilated ones are composed: TensorFlow.js has no gradient for them. */
const unpooled = kernel<'x' | 'filter' | 'bias', Attrs>(
  CONV_RELU,
  ({ inputs: { x, filter, bias }, attrs, backend }) => {
    const info = infoOf(attrs);
    const y = backend.allocate(info.outShape);
    const [xs, ws, bs, ys] = backend.arrays(x, filter, bias, y);
    backend.kernels.conv2d(xs, ws, bs, ys, convGeometryOf(info), Activation.relu);
    return y;
  },
);

export const convReluPoolKernels: readonly CompiledKernel[] = [
  unpooled,
  forward,
  backpropFilter,
  backpropInput,
];

/**
 * Spreads dY over the positions that won their windows: the gradient of the convolution's output,
 * `[N, outH, outW, C]`, made of operations that have gradients themselves.
 */
function unpool(dy: tf.Tensor4D, winners: tf.Tensor, info: ConvInfo, pool: number): tf.Tensor4D {
  const [batch, height, width, channels] = dy.shape;
  const positions = tf.cast(tf.reshape(winners, dy.shape), 'float32');
  const parts = Array.from({ length: pool * pool }, (_, position) =>
    tf.mul(dy, tf.cast(tf.equal(positions, position), 'float32')),
  );
  const windows = tf.reshape(tf.stack(parts, 3), [batch, height, width, pool, pool * channels]);
  const rows = tf.transpose(windows, [0, 1, 3, 2, 4]);
  const image = tf.reshape(rows, [batch, height * pool, width * pool, channels]) as tf.Tensor4D;
  const bottom = info.outHeight - height * pool;
  const right = info.outWidth - width * pool;
  return tf.pad(image, [
    [0, 0],
    [0, bottom],
    [0, right],
    [0, 0],
  ]);
}

/** The gradients of a convolution with bias, each from the gradient `dConv` of its output. */
function convGradients(
  dConv: () => tf.Tensor4D,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { strides, pad, xShape, filterShape }: Attrs,
): GradientMap {
  return {
    x: () => tf.conv2dTranspose(dConv(), filter, xShape, strides, pad),
    filter: () =>
      tf
        .engine()
        .runKernel(
          tf.Conv2DBackpropFilter,
          { x, dy: dConv() },
          { strides, pad, dataFormat: 'NHWC', filterShape },
        ) as tf.Tensor,
    bias: () => tf.sum(dConv(), [0, 1, 2]),
  };
}

/** The block's gradients from standard operations, so that they can be differentiated again. */
function composedGradients(dy: tf.Tensor4D, saved: tf.Tensor[], attrs: Attrs): GradientMap {
  const [x, filter, winners] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor];
  const dConv = () => unpool(dy, winners, infoOf(attrs), attrs.pool);
  return convGradients(dConv, x, filter, attrs);
}

type GradientMap = Record<'x' | 'filter' | 'bias', () => tf.Tensor>;

function compiledGradients(dy: tf.Tensor4D, saved: tf.Tensor[], attrs: Attrs): GradientMap {
  const [x, filter, winners, biasGradient] = saved;
  const run = (name: string, inputs: tf.NamedTensorMap): tf.Tensor =>
    tf.engine().runKernel(name, inputs, attrs as unknown as tf.NamedAttrMap) as tf.Tensor;
  const runFilter = () => run(BACKPROP_FILTER, { x, dy, winners, biasGradient });
  let hasBiasGradient = false;
  return {
    x: () => run(BACKPROP_INPUT, { dy, winners, filter }),
    filter: () => {
      hasBiasGradient = true;
      return runFilter();
    },
    bias: () => {
      if (!hasBiasGradient) runFilter();
      return tf.clone(biasGradient);
    },
  };
}

tf.registerGradient({
  kernelName: CONV_RELU,
  inputsToSave: ['x', 'filter'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, filter, y] = saved as tf.Tensor4D[];
    const dConv = reluGradient(dy as tf.Tensor4D, y);
    return convGradients(() => dConv, x, filter, attrs as unknown as Attrs);
  },
});

tf.registerGradient({
  kernelName: FORWARD,
  inputsToSave: ['x', 'filter', 'winners', 'biasGradient'],
  gradFunc: (dy, saved, attrs) => {
    const gradients = isDifferentiatedAgain() ? composedGradients : compiledGradients;
    return gradients(dy as tf.Tensor4D, saved, attrs as unknown as Attrs);
  },
});

/** A tensor with arbitrary contents, for kernels to write to. */
function scratch(shape: number[], dtype: 'float32' | 'bool'): tf.Tensor {
  const backend = tf.backend() as CompiledBackend;
  return tf.engine().makeTensorFromTensorInfo(backend.allocate(shape, dtype), backend);
}

/**
 * `maxPool(relu(conv2d(x, w) + b))`, differentiable in all three any number of times (dilated ones:
 * once).
 *
 * @param x images `[N, H, W, C]`, float32
 * @param w filter `[height, width, C, filters]`
 * @param b bias `[filters]`
 * @returns `[N, floor(outH / pool), floor(outW / pool), filters]`; `pool` 1 leaves pooling out
 * @throws RangeError when the convolution's output is smaller than one window
 */
export function convReluPool(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  b: tf.Tensor1D,
  options: ConvPoolOptions,
): tf.Tensor4D {
  const { strides, pad, dilations, pool } = options;
  const attrs: Attrs = { strides, pad, dilations, pool, xShape: x.shape, filterShape: w.shape };
  const shape = pooledShape(infoOf(attrs), pool);
  if (shape[1] < 1 || shape[2] < 1) {
    throw new RangeError(`no window of ${pool} x ${pool} fits into the convolution of ${x.shape}`);
  }
  const run = (name: string, inputs: tf.NamedTensorMap) =>
    tf.engine().runKernel(name, inputs, attrs as unknown as tf.NamedAttrMap) as tf.Tensor4D;
  const backend = tf.backend();
  const areFloats = !(backend instanceof CompiledBackend) || backend.areFloats(x, w, b);
  const has = (name: string) => areFloats && tf.getKernel(name, tf.getBackend()) !== undefined;
  const isPlain = dilations[0] === 1 && dilations[1] === 1;
  if (pool === 1 || pool > MAX_POOL || !has(FORWARD)) {
    const y =
      isPlain && has(CONV_RELU)
        ? run(CONV_RELU, { x, filter: w, bias: b })
        : (tf.relu(tf.add(tf.conv2d(x, w, strides, pad, 'NHWC', dilations), b)) as tf.Tensor4D);
    return pool === 1 ? y : tf.maxPool(y, pool, pool, 'valid');
  }
  return tf.tidy(() => {
    const winners = scratch(shape, 'bool');
    const biasGradient = scratch(b.shape, 'float32');
    return run(FORWARD, { x, filter: w, bias: b, winners, biasGradient });
  });
}
