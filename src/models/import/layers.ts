/** Steps that more than one importer needs to make layers of what it reads. */
import type { Padding } from '../layers/layer-kind.ts';
import { type Constant, float32 } from './constants.ts';
import type { Feature, NetworkBuilder } from './network-builder.ts';

/**
 * Spreads a kernel `[height, width, in, out]` with zeros between its taps, so that no dilation is
 * left: TensorFlow.js has no gradient of a dilated convolution.
 */
function dilateKernel(kernel: Constant, [down, across]: readonly number[]): Constant {
  if (down === 1 && across === 1) return kernel;
  const [height, width, input, output] = kernel.shape;
  const shape = [(height - 1) * down + 1, (width - 1) * across + 1, input, output];
  const taps = input * output;
  const values = new Float32Array(shape[0] * shape[1] * taps);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * taps;
      values.set(
        kernel.values.subarray(from, from + taps),
        (y * down * shape[1] + x * across) * taps,
      );
    }
  }
  return { kind: 'constant', shape, values };
}

export interface Window {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: Padding;
}

/**
 * A convolution without bias or activation; the kernel is `[height, width, in / groups, out]`.
 * @param groups of channels, each with filters of its own
 */
export function convolution(
  builder: NetworkBuilder,
  input: Feature,
  given: Constant,
  window: Window,
  groups = 1,
): Feature {
  const kernel = dilateKernel(given, window.dilations);
  const [height, width, , filters] = kernel.shape;
  const content = {
    filters,
    kernel: [height, width],
    strides: window.strides,
    padding: window.padding,
    bias: false,
    activation: 'linear',
  } as const;
  return builder.add(
    groups === 1
      ? { kind: 'conv2d', dilations: [1, 1], ...content }
      : { kind: 'grouped-conv2d', groups, ...content },
    [input],
    { kernel: float32(kernel) },
  );
}

/** The same for each channel on its own; the kernel is `[height, width, in, multiplier]`. */
export function depthwiseConvolution(
  builder: NetworkBuilder,
  input: Feature,
  given: Constant,
  window: Window,
): Feature {
  const kernel = dilateKernel(given, window.dilations);
  const [height, width, , multiplier] = kernel.shape;
  return builder.add(
    {
      kind: 'depthwise-conv2d',
      multiplier,
      kernel: [height, width],
      strides: window.strides,
      padding: window.padding,
      bias: false,
      activation: 'linear',
    },
    [input],
    { kernel: float32(kernel) },
  );
}

/** A matrix product along the last axis, without bias; the kernel is `[in, units]`. */
export function dense(builder: NetworkBuilder, input: Feature, kernel: Constant): Feature {
  return builder.add(
    { kind: 'dense', units: kernel.shape[1], bias: false, activation: 'linear' },
    [input],
    { kernel: float32(kernel) },
  );
}

export function flatten(builder: NetworkBuilder, input: Feature): Feature {
  return input.shape.length === 1 ? input : builder.add({ kind: 'flatten' }, [input]);
}

/** `x * scale + offset` per channel; a single number serves all channels. */
export function affine(
  builder: NetworkBuilder,
  input: Feature,
  scale: ArrayLike<number>,
  offset: ArrayLike<number>,
): Feature {
  const channels = input.shape[input.shape.length - 1];
  const spread = (values: ArrayLike<number>) =>
    values.length === 1 ? new Float32Array(channels).fill(values[0]) : Float32Array.from(values);
  return builder.add({ kind: 'affine' }, [input], {
    scale: spread(scale),
    offset: spread(offset),
  });
}

/** Batch normalization at inference, as an affine layer. */
export function batchNormalization(
  builder: NetworkBuilder,
  input: Feature,
  parameters: {
    gamma: ArrayLike<number> | undefined;
    beta: ArrayLike<number> | undefined;
    mean: ArrayLike<number>;
    variance: ArrayLike<number>;
    epsilon: number;
  },
): Feature {
  const { gamma, beta, mean, variance, epsilon } = parameters;
  const scale = Array.from(mean, (_, i) => (gamma?.[i] ?? 1) / Math.sqrt(variance[i] + epsilon));
  const offset = Array.from(mean, (value, i) => (beta?.[i] ?? 0) - value * scale[i]);
  return affine(builder, input, scale, offset);
}
