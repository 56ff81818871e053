/** Gather, transpose, slices, concatenation. */
import {
  backend_util,
  Concat,
  type ConcatAttrs,
  GatherV2,
  type GatherV2Attrs,
  Slice,
  type SliceAttrs,
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

/** Contiguous slices are copied; the inherited kernel would return a view of all of `x`. */
const slice = kernel<'x', SliceAttrs>(Slice, ({ inputs: { x }, attrs, backend }) => {
  const [begin, size] = slice_util.parseSliceParams(x as never, attrs.begin, attrs.size);
  const length = util.sizeFromShape(size);
  if (length === 0 || !backend.areFloats(x)) return undefined;
  if (!slice_util.isSliceContinous(x.shape, begin, size)) return undefined;
  slice_util.assertParamsValid(x as never, begin, size);
  const offset = slice_util.computeFlatOffset(begin, util.computeStrides(x.shape));
  const out = backend.allocate(size);
  const [outs] = backend.arrays(out);
  const xs = backend.data.get(x.dataId).array as Float32Array; // copied by JavaScript, from any memory
  outs.set(xs.subarray(offset, offset + length));
  return out;
});

/** The shortest run for which a copy of its own is faster than the inherited kernel. */
const SHORTEST_RUN = 16;

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
    const runs = shapes.map((shape) => util.sizeFromShape(shape.slice(axis)));
    if (Math.min(...runs) < SHORTEST_RUN) return undefined;
    const out = backend.allocate(backend_util.computeOutShape(shapes, axis));
    const [outs] = backend.arrays(out);
    // Copied by JavaScript, from any memory.
    const sources = parts.map(({ dataId }) => backend.data.get(dataId).array as Float32Array);
    const outer = util.sizeFromShape(shapes[0].slice(0, axis));
    for (let row = 0, at = 0; row < outer; row++) {
      for (const [i, run] of runs.entries()) {
        outs.set(sources[i].subarray(row * run, (row + 1) * run), at);
        at += run;
      }
    }
    return out;
  },
};

export const movementKernels: readonly CompiledKernel[] = [gather, transpose, slice, concat];
