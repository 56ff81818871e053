/** Windows that move over an image: sizes and padding in the terms of each format. */
import type * as tf from '@tensorflow/tfjs-core';
import type { GraphBuilder } from '../../../savedmodel/index.ts';
import type { Padding, Shape } from '../layer-kind.ts';

type Pair = readonly [number, number];

export interface Window {
  /** Rows and columns that it covers. */
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly dilations?: Pair;
}

/** Pixels from a window's first tap to its last, along one axis. */
function reach({ size, dilations = [1, 1] }: Window, axis: 0 | 1): number {
  return (size[axis] - 1) * dilations[axis] + 1;
}

/** Rows and columns of the output; below 1 where the window does not fit. */
export function windowedSizes(input: Shape, window: Window): [number, number] {
  const along = (axis: 0 | 1): number => {
    const { strides, padding } = window;
    if (padding === 'same') return Math.ceil(input[axis] / strides[axis]);
    const extra = padding === 'valid' ? 0 : padding[axis][0] + padding[axis][1];
    return Math.floor((input[axis] + extra - reach(window, axis)) / strides[axis]) + 1;
  };
  return [along(0), along(1)];
}

/**
 * The zeros `[before, after]` that the rule `same` adds along one axis; the odd one comes after.
 * @param window pixels from the first tap to the last
 */
export function samePadding(input: number, window: number, stride: number): [number, number] {
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + window - input);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/** Padding as TensorFlow.js takes it. */
export function tfjsPadding(padding: Padding): 'valid' | 'same' | tf.backend_util.ExplicitPadding {
  if (typeof padding === 'string') return padding;
  return [[0, 0], [...padding[0]], [...padding[1]], [0, 0]];
}

/** The attribute of two sizes for all four axes of NHWC. */
export function nhwcSizes({ attr }: GraphBuilder, sizes: Pair) {
  return attr.ints([1, ...sizes, 1]);
}

/** The attributes of a TensorFlow node that say how its window is padded. */
export function paddingAttributes({ attr }: GraphBuilder, padding: Padding) {
  const named = typeof padding === 'string';
  return {
    padding: attr.string(named ? padding.toUpperCase() : 'EXPLICIT'),
    explicit_paddings: attr.ints(named ? [] : [0, 0, ...padding[0], ...padding[1], 0, 0]),
    data_format: attr.string('NHWC'),
  };
}

/** ONNX's `pads`: `[top, left, bottom, right]`. */
export function onnxPads(input: Shape, window: Window): number[] {
  const { padding, strides } = window;
  if (padding === 'valid') return [0, 0, 0, 0];
  const [[top, bottom], [left, right]] =
    padding === 'same'
      ? [
          samePadding(input[0], reach(window, 0), strides[0]),
          samePadding(input[1], reach(window, 1), strides[1]),
        ]
      : padding;
  return [top, left, bottom, right];
}
