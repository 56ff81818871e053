/** Gather and transpose. */
import {
  backend_util,
  GatherV2,
  type GatherV2Attrs,
  Transpose,
  type TransposeAttrs,
  util,
} from '@tensorflow/tfjs-core';
import { type CompiledKernel, kernel } from './registry.ts';

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
    backend.kernels.transpose(xs, outs, Int32Array.of(rank, ...x.shape, ...perm));
    return out;
  },
);

export const movementKernels: readonly CompiledKernel[] = [gather, transpose];
