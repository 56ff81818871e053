/** Sums, means, extrema and products over axes; argmax and argmin; softmax. */
import {
  ArgMax,
  type ArgMaxAttrs,
  ArgMin,
  LogSoftmax,
  type LogSoftmaxAttrs,
  Max,
  type MaxAttrs,
  Mean,
  type MeanAttrs,
  Min,
  type MinAttrs,
  Prod,
  type ProdAttrs,
  Softmax,
  type SoftmaxAttrs,
  Sum,
  type SumAttrs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';
import { ArgReduceOp, ReduceOp } from './kernel-table.ts';
import { type CompiledKernel, kernel } from './registry.ts';

/** A tensor seen as [outer, middle, inner], of which the middle is reduced. */
interface Reduction {
  readonly outer: number;
  readonly middle: number;
  readonly inner: number;
  readonly outShape: number[];
}

/** Undefined when the reduced axes are not neighbors (axes of size 1 do not count). */
function reductionOf(shape: number[], axes: number[], keepDims: boolean): Reduction | undefined {
  const isReduced = (axis: number) => axes.includes(axis);
  const outShape = keepDims
    ? shape.map((size, axis) => (isReduced(axis) ? 1 : size))
    : shape.filter((_, axis) => !isReduced(axis));
  const sizes = { outer: 1, middle: 1, inner: 1 };
  let part: keyof typeof sizes = 'outer';
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    if (isReduced(axis)) {
      if (part === 'inner') return undefined;
      part = 'middle';
    } else if (part === 'middle') {
      part = 'inner';
    }
    sizes[part] *= size;
  }
  return { ...sizes, outShape };
}

function runReduction(
  backend: CompiledBackend,
  op: number,
  x: TensorInfo,
  axis: number | number[] | undefined,
  keepDims: boolean,
): TensorInfo | undefined {
  if (x.dtype !== 'float32' || !backend.areFloats(x)) return undefined;
  const axes = util.parseAxisParam(axis as number[], x.shape);
  const reduction = reductionOf(x.shape, axes, keepDims);
  if (reduction === undefined) return undefined;
  const { outer, middle, inner, outShape } = reduction;
  const out = backend.allocate(outShape);
  const [xs, outs] = backend.arrays(x, out);
  backend.kernels.reduce(op, xs, outs, outer, middle, inner);
  return out;
}

function reduceAxis(name: string, op: number): CompiledKernel {
  return kernel<'x', SumAttrs | MeanAttrs | ProdAttrs>(name, ({ inputs, attrs, backend }) =>
    runReduction(backend, op, inputs.x, attrs.axis, attrs.keepDims),
  );
}

const max = kernel<'x', MaxAttrs>(Max, ({ inputs: { x }, attrs, backend }) =>
  runReduction(backend, ReduceOp.max, x, attrs.reductionIndices, attrs.keepDims),
);

const min = kernel<'x', MinAttrs>(Min, ({ inputs: { x }, attrs, backend }) =>
  runReduction(backend, ReduceOp.min, x, attrs.axis, attrs.keepDims),
);

function argReduce(name: string, op: number): CompiledKernel {
  return kernel<'x', ArgMaxAttrs>(name, ({ inputs: { x }, attrs, backend }) => {
    if (!backend.areFloats(x)) return undefined;
    const axes = util.parseAxisParam(attrs.axis, x.shape).slice(0, 1);
    const reduction = reductionOf(x.shape, axes, false);
    if (reduction === undefined) return undefined;
    const { outer, middle, inner, outShape } = reduction;
    const out = backend.allocate(outShape, 'int32');
    const [xs, outs] = backend.arrays<[Float32Array, Int32Array]>(x, out);
    backend.kernels.arg_reduce(op, xs, outs, outer, middle, inner);
    return out;
  });
}

function runSoftmax(
  which: 'softmax' | 'log_softmax',
  backend: CompiledBackend,
  logits: TensorInfo,
  axis: number,
): TensorInfo | undefined {
  const rank = logits.shape.length;
  if (!backend.areFloats(logits) || rank === 0 || (axis !== -1 && axis !== rank - 1)) {
    return undefined;
  }
  const out = backend.allocate(logits.shape);
  const [xs, outs] = backend.arrays(logits, out);
  const columns = logits.shape[rank - 1];
  backend.kernels[which](xs, outs, xs.length / columns, columns);
  return out;
}

const softmax = kernel<'logits', SoftmaxAttrs>(Softmax, ({ inputs, attrs, backend }) =>
  runSoftmax('softmax', backend, inputs.logits, attrs.dim),
);

/** Not among the inherited kernels; `tf.logSoftmax` composes it, `logSoftmax` here uses it. */
const logSoftmax = kernel<'logits', LogSoftmaxAttrs>(LogSoftmax, ({ inputs, attrs, backend }) =>
  runSoftmax('log_softmax', backend, inputs.logits, attrs.axis),
);

export const reduceKernels: readonly CompiledKernel[] = [
  reduceAxis(Sum, ReduceOp.sum),
  reduceAxis(Mean, ReduceOp.mean),
  reduceAxis(Prod, ReduceOp.prod),
  max,
  min,
  argReduce(ArgMax, ArgReduceOp.argmax),
  argReduce(ArgMin, ArgReduceOp.argmin),
  softmax,
  logSoftmax,
];
