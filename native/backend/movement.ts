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
  readonly tensor: TensorInfo;
  /** Where the box begins, axis by axis. */
  readonly begin: readonly number[];
}

/** Copies a box of `size` (rank 1 or more) from one tensor to another. */
function copyBox(backend: CompiledBackend, from: Box, to: Box, size: readonly number[]): void {
  const [shape, shapeTo] = [from.tensor.shape, to.tensor.shape];
  // The trailing axes that are whole in both arrays are one run.
  let last = size.length - 1;
  let run = size[last];
  while (last > 0 && size[last] === shape[last] && size[last] === shapeTo[last]) {
    last--;
    run *= size[last];
  }
  const strides = ({ tensor }: Box) =>
    size.map((_, axis) => util.sizeFromShape(tensor.shape.slice(axis + 1)));
  const offset = (box: Box) =>
    strides(box).reduce((sum, stride, axis) => sum + stride * box.begin[axis], 0);
  const outer = [size, strides(from), strides(to)].flatMap((values) => values.slice(0, last));
  const box = int32Block('a box', last, run, offset(from), offset(to), ...outer);
  const [values, valuesTo] = backend.arrays(from.tensor, to.tensor);
  backend.kernels.copy_box(values, valuesTo, box);
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
  copyBox(backend, { tensor: x, begin }, { tensor: out, begin: origin(size) }, size);
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
      copyBox(backend, { tensor: x, begin }, { tensor: out, begin: origin(size) }, size);
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
  const [values] = backend.arrays(out);
  backend.kernels.fill(values, values.length, constantValue);
  const begin = paddings.map(([before]) => before);
  copyBox(backend, { tensor: x, begin: origin(shape) }, { tensor: out, begin }, x.shape);
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
      copyBox(backend, { tensor: part, begin: origin(shape) }, { tensor: out, begin }, part.shape);
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
