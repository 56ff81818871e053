/** Gather, transpose, slices, padding, concatenation. */
import {
  backend_util,
  Concat,
  type ConcatAttrs,
  GatherV2,
  type GatherV2Attrs,
  PadV2,
  type PadV2Attrs,
  Slice,
  type SliceAttrs,
  SplitV,
  type SplitVAttrs,
  slice_util,
  type TensorInfo,
  Transpose,
  type TransposeAttrs,
  util,
} from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';
import { type CompiledKernel, kernel } from './registry.ts';
import { int32Block } from './sizes.ts';

const MAX_RANK = 6;

const gather = kernel<'x' | 'indices', GatherV2Attrs>(
  GatherV2,
  ({ inputs: { x, indices }, attrs: { axis, batchDims }, backend }) => {
    const { array } = backend.data.get(indices.dataId);
    if (!(array instanceof Int32Array) || array.length === 0 || batchDims) return undefined;
    if (!backend.areFloats(x)) return undefined;
    // While a plan is recorded, indices that a kernel computes are not there yet.
    if (backend.data.get(indices.dataId).isPooled) backend.leaveToJavaScript('a check of indices');
    const [parsedAxis] = util.parseAxisParam(axis, x.shape);
    const size = x.shape[parsedAxis];
    for (const index of array) {
      if (index < 0 || index >= size) return undefined; // the inherited kernel reports it
    }
    const { outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
      x as never,
      indices as never,
      parsedAxis,
      0,
    );
    const outer = util.sizeFromShape(x.shape.slice(0, parsedAxis));
    const inner = util.sizeFromShape(x.shape.slice(parsedAxis + 1));
    const out = backend.allocate(outputShape);
    const [xs, chosen, outs] = backend.arrays<[Float32Array, Int32Array, Float32Array]>(
      x,
      indices,
      out,
    );
    backend.kernels.gather(xs, chosen, outs, outer, size, inner, chosen.length);
    return out;
  },
);

const transpose = kernel<'x', TransposeAttrs>(
  Transpose,
  ({ inputs: { x }, attrs: { perm }, backend }) => {
    const rank = x.shape.length;
    if (x.dtype !== 'float32' || rank === 0 || rank > MAX_RANK || !backend.areFloats(x)) {
      return undefined;
    }
    const out = backend.allocate(perm.map((axis) => x.shape[axis]));
    const [xs, outs] = backend.arrays(x, out);
    backend.kernels.transpose(xs, outs, int32Block('a shape', rank, ...x.shape, ...perm));
    return out;
  },
);

/** A box in a row-major array. */
interface Box {
  readonly values: Float32Array;
  /** Of the whole array. */
  readonly shape: readonly number[];
  /** Where the box begins, axis by axis. */
  readonly begin: readonly number[];
}

/** Runs shorter than this are copied value by value, which is faster than a call. */
const SHORT_RUN = 32;

/**
 * Copies a box of `size` (rank 1 or more) from one array to another. By JavaScript: the copies are
 * bound by memory, and the arrays may be in any.
 */
function copyBox(from: Box, to: Box, size: readonly number[]): void {
  // The trailing axes that are whole in both arrays are one run.
  let last = size.length - 1;
  let run = size[last];
  while (last > 0 && size[last] === from.shape[last] && size[last] === to.shape[last]) {
    last--;
    run *= size[last];
  }
  const strideOf = ({ shape }: Box, axis: number) => util.sizeFromShape(shape.slice(axis + 1));
  const strides = size.map((_, axis) => [strideOf(from, axis), strideOf(to, axis)]);
  const copy = (axis: number, source: number, target: number): void => {
    const [step, stepTo] = strides[axis];
    let at = source + from.begin[axis] * step;
    let out = target + to.begin[axis] * stepTo;
    if (axis < last) {
      for (let i = 0; i < size[axis]; i++, at += step, out += stepTo) copy(axis + 1, at, out);
    } else if (run < SHORT_RUN) {
      for (let i = 0; i < run; i++) to.values[out + i] = from.values[at + i];
    } else {
      to.values.set(from.values.subarray(at, at + run), out);
    }
  };
  copy(0, 0, 0);
}

/** For JavaScript to read or write, which a plan would not repeat. */
function valuesOf(backend: CompiledBackend, { dataId }: TensorInfo): Float32Array {
  backend.leaveToJavaScript('a copy of a box');
  return backend.data.get(dataId).array as Float32Array;
}

const origin = (shape: readonly number[]) => shape.map(() => 0);

/** Slices are copied: of a contiguous one the inherited kernel would return a view of all of `x`. */
const slice = kernel<'x', SliceAttrs>(Slice, ({ inputs: { x }, attrs, backend }) => {
  const [begin, size] = slice_util.parseSliceParams(x as never, attrs.begin, attrs.size);
  if (util.sizeFromShape(size) === 0 || size.length === 0 || !backend.areFloats(x)) {
    return undefined;
  }
  slice_util.assertParamsValid(x as never, begin, size);
  const out = backend.allocate(size);
  copyBox(
    { values: valuesOf(backend, x), shape: x.shape, begin },
    { values: valuesOf(backend, out), shape: size, begin: origin(size) },
    size,
  );
  return out;
});

/** The gradient of a concatenation, among others. */
const split = kernel<'x', SplitVAttrs>(SplitV, ({ inputs: { x }, attrs, backend }) => {
  if (util.sizeFromShape(x.shape) === 0 || !backend.areFloats(x)) return undefined;
  const [axis] = util.parseAxisParam(attrs.axis, x.shape);
  const begin = origin(x.shape);
  return backend_util.prepareSplitSize(x as never, attrs.numOrSizeSplits, axis).map((length) => {
    const size = x.shape.map((whole, one) => (one === axis ? length : whole));
    const out = backend.allocate(size);
    if (length > 0) {
      copyBox(
        { values: valuesOf(backend, x), shape: x.shape, begin },
        { values: valuesOf(backend, out), shape: size, begin: origin(size) },
        size,
      );
    }
    begin[axis] += length;
    return out;
  });
});

const pad = kernel<'x', PadV2Attrs>(PadV2, ({ inputs: { x }, attrs, backend }) => {
  const { paddings, constantValue } = attrs;
  if (x.shape.length === 0 || util.sizeFromShape(x.shape) === 0 || !backend.areFloats(x)) {
    return undefined;
  }
  const shape = x.shape.map((length, axis) => paddings[axis][0] + length + paddings[axis][1]);
  const out = backend.allocate(shape);
  const values = valuesOf(backend, out);
  values.fill(constantValue);
  copyBox(
    { values: valuesOf(backend, x), shape: x.shape, begin: origin(shape) },
    { values, shape, begin: paddings.map(([before]) => before) },
    x.shape,
  );
  return out;
});

const concat: CompiledKernel = {
  name: Concat,
  run: (call) => {
    const backend = call.backend as CompiledBackend;
    const parts = (call.inputs as unknown as TensorInfo[]).filter(
      ({ shape }) => util.sizeFromShape(shape) > 0,
    );
    if (parts.length < 2 || !backend.areFloats(...parts)) return undefined;
    const shapes = parts.map(({ shape }) => shape);
    const [axis] = util.parseAxisParam((call.attrs as unknown as ConcatAttrs).axis, shapes[0]);
    backend_util.assertParamsConsistent(shapes, axis);
    const shape = backend_util.computeOutShape(shapes, axis);
    const out = backend.allocate(shape);
    const begin = origin(shape);
    for (const part of parts) {
      copyBox(
        { values: valuesOf(backend, part), shape: part.shape, begin: origin(shape) },
        { values: valuesOf(backend, out), shape, begin },
        part.shape,
      );
      begin[axis] += part.shape[axis];
    }
    return out;
  },
};

export const movementKernels: readonly CompiledKernel[] = [
  gather,
  transpose,
  slice,
  split,
  pad,
  concat,
];
