/** Max and average pooling and their gradients. */
import {
  AvgPool,
  type AvgPoolAttrs,
  AvgPoolGrad,
  type AvgPoolGradAttrs,
  backend_util,
  MaxPool,
  type MaxPoolAttrs,
  MaxPoolGrad,
  type MaxPoolGradAttrs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type ConvInfo, geometryOf } from './conv.ts';
import { type Call, type CompiledKernel, kernel } from './registry.ts';

type PoolAttrs = Pick<MaxPoolAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>;

/** Undefined for pools that the kernels do not cover: identities, and windows that are all padding. */
function poolInfo(xShape: number[], attrs: PoolAttrs): ConvInfo | undefined {
  const info = backend_util.computePool2DInfo(
    xShape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const { filterHeight, filterWidth, padInfo } = info;
  if (filterHeight === 1 && filterWidth === 1) return undefined;
  if (util.sizeFromShape(info.outShape) === 0) return undefined;
  const lastRow = (info.outHeight - 1) * info.strideHeight - padInfo.top;
  const lastColumn = (info.outWidth - 1) * info.strideWidth - padInfo.left;
  const insidePadding =
    padInfo.top >= filterHeight ||
    padInfo.left >= filterWidth ||
    lastRow >= info.inHeight ||
    lastColumn >= info.inWidth;
  return insidePadding ? undefined : info;
}

function forward(which: 'max_pool' | 'avg_pool') {
  return ({ inputs, attrs, backend }: Call<'x', PoolAttrs>) => {
    const { x } = inputs;
    if (!backend.areFloats(x)) return undefined;
    const info = poolInfo(x.shape, attrs);
    if (info === undefined) return undefined;
    const y = backend.allocate(info.outShape);
    const [xs, ys] = backend.arrays(x, y);
    backend.kernels[which](xs, ys, geometryOf(info));
    return y;
  };
}

/** The pool's geometry; undefined when dY has another shape than its output. */
function gradInfo(x: TensorInfo, dy: TensorInfo, attrs: PoolAttrs): ConvInfo | undefined {
  const info = poolInfo(x.shape, attrs);
  return info && util.arraysEqual(dy.shape, info.outShape) ? info : undefined;
}

const maxPoolGrad = kernel<'dy' | 'input', MaxPoolGradAttrs>(
  MaxPoolGrad,
  ({ inputs, attrs, backend }) => {
    const { dy, input: x } = inputs;
    if (!backend.areFloats(dy, x)) return undefined;
    const info = gradInfo(x, dy, attrs);
    if (info === undefined) return undefined;
    const dx = backend.allocate(x.shape);
    const [xs, dys, dxs] = backend.arrays(x, dy, dx);
    backend.kernels.max_pool_grad(xs, dys, dxs, geometryOf(info));
    return dx;
  },
);

const avgPoolGrad = kernel<'dy' | 'input', AvgPoolGradAttrs>(
  AvgPoolGrad,
  ({ inputs, attrs, backend }) => {
    const { dy, input: x } = inputs;
    if (!backend.areFloats(dy)) return undefined;
    const info = gradInfo(x, dy, attrs);
    if (info === undefined) return undefined;
    const dx = backend.allocate(x.shape);
    const [dys, dxs] = backend.arrays(dy, dx);
    backend.kernels.avg_pool_grad(dys, dxs, geometryOf(info));
    return dx;
  },
);

export const poolKernels: readonly CompiledKernel[] = [
  kernel<'x', MaxPoolAttrs>(MaxPool, forward('max_pool')),
  kernel<'x', AvgPoolAttrs>(AvgPool, forward('avg_pool')),
  maxPoolGrad,
  avgPoolGrad,
];
