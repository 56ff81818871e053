/** 2-D convolution and its gradients. NHWC; other layouts are left to the inherited kernels. */
import {
  backend_util,
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  DepthwiseConv2dNative,
  type DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';
import { Activation } from './kernel-table.ts';
import { type CompiledKernel, kernel } from './registry.ts';
import { checkElements, int32Block } from './sizes.ts';

export type ConvInfo = backend_util.Conv2DInfo;

/**
 * The geometry block of `kernel_list.h`, for convolutions and pools.
 *
 * @throws RangeError when a number of it or the padded image is beyond 32 bits
 */
export function geometryOf(info: ConvInfo): Int32Array {
  const { inChannels, filterHeight, filterWidth, padInfo } = info;
  const rows = (info.outHeight - 1) * info.strideHeight + (filterHeight - 1) * info.dilationHeight;
  const columns = (info.outWidth - 1) * info.strideWidth + (filterWidth - 1) * info.dilationWidth;
  const height = Math.max(rows + 1, info.inHeight);
  const width = Math.max(columns + 1, info.inWidth);
  checkElements(height * width * inChannels, 'a padded image');
  return int32Block(
    'the geometry of a convolution or pool',
    ...[info.batchSize, info.inHeight, info.inWidth, inChannels],
    ...[filterHeight, filterWidth, info.outChannels, info.outHeight, info.outWidth],
    ...[info.strideHeight, info.strideWidth, padInfo.top, padInfo.left],
    ...[info.dilationHeight, info.dilationWidth, 0],
  );
}

/** Kernels round the rows of a filter up to whole vectors, of at most this many floats. */
const VECTOR = 16;

/**
 * `geometryOf` for a convolution, whose filter is packed with padding.
 *
 * @throws RangeError when a number of it, the padded image or the packed filter is beyond 32 bits
 */
export function convGeometryOf(info: ConvInfo): Int32Array {
  const depth = info.filterHeight * info.filterWidth * (info.inChannels + VECTOR);
  checkElements(depth * (info.outChannels + 2 * VECTOR), 'a packed filter');
  return geometryOf(info);
}

type Pair = [number, number] | number;
type Pad = Conv2DAttrs['pad'];

function convInfo(
  xShape: number[],
  filterShape: number[],
  strides: Pair,
  dilations: Pair,
  pad: Pad,
  rounding?: 'floor' | 'round' | 'ceil',
  isDepthwise = false,
): ConvInfo {
  return backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations,
    pad,
    rounding,
    isDepthwise,
  );
}

/** Grouped convolutions (fewer channels in the filter than in the image) stay in JavaScript. */
function isPlain(xShape: number[], filterShape: number[], dataFormat: string): boolean {
  return dataFormat === 'NHWC' && xShape[3] === filterShape[2];
}

function runConv(
  backend: CompiledBackend,
  info: ConvInfo,
  x: TensorInfo,
  filter: TensorInfo,
  bias: TensorInfo | undefined,
  activation: number,
): TensorInfo | undefined {
  if (util.sizeFromShape(info.outShape) === 0) return undefined;
  const y = backend.allocate(info.outShape);
  const [xs, ws, ys, bs = null] = backend.arrays(x, filter, y, ...(bias ? [bias] : []));
  backend.kernels.conv2d(xs, ws, bs, ys, convGeometryOf(info), activation);
  return y;
}

const conv2d = kernel<'x' | 'filter', Conv2DAttrs>(Conv2D, ({ inputs, attrs, backend }) => {
  const { x, filter } = inputs;
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attrs;
  if (!backend.areFloats(x, filter) || !isPlain(x.shape, filter.shape, dataFormat))
    return undefined;
  const info = convInfo(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode);
  return runConv(backend, info, x, filter, undefined, Activation.linear);
});

const FUSED_ACTIVATIONS: Record<string, number> = Activation;

const fusedConv2d = kernel<'x' | 'filter', FusedConv2DAttrs, 'bias'>(
  FusedConv2D,
  ({ inputs, attrs, backend }) => {
    const { x, filter, bias } = inputs;
    const { strides, pad, dataFormat, dilations, dimRoundingMode } = attrs;
    const activation = FUSED_ACTIVATIONS[attrs.activation ?? 'linear'];
    if (activation === undefined || !isPlain(x.shape, filter.shape, dataFormat)) return undefined;
    if (!backend.areFloats(x, filter, ...(bias ? [bias] : []))) return undefined;
    const info = convInfo(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode);
    if (bias && util.sizeFromShape(bias.shape) !== info.outChannels) return undefined;
    return runConv(backend, info, x, filter, bias, activation);
  },
);

/** dY may come with another shape than the forward pass would give (the caller's own padding). */
function matches(dy: TensorInfo, info: ConvInfo): boolean {
  return util.arraysEqual(dy.shape, info.outShape);
}

const conv2dBackpropInput = kernel<'dy' | 'filter', Conv2DBackpropInputAttrs>(
  Conv2DBackpropInput,
  ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs;
    const { inputShape, strides, pad, dataFormat, dimRoundingMode } = attrs;
    if (!backend.areFloats(dy, filter)) return undefined;
    if (!isPlain(inputShape, filter.shape, dataFormat)) return undefined;
    const info = convInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode);
    if (!matches(dy, info) || util.sizeFromShape(inputShape) === 0) return undefined;
    const dx = backend.allocate(info.inShape);
    const [dys, ws, dxs] = backend.arrays(dy, filter, dx);
    backend.kernels.conv2d_backprop_input(dys, ws, dxs, convGeometryOf(info));
    return dx;
  },
);

const conv2dBackpropFilter = kernel<'x' | 'dy', Conv2DBackpropFilterAttrs>(
  Conv2DBackpropFilter,
  ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs;
    const { filterShape, strides, pad, dataFormat, dimRoundingMode } = attrs;
    if (!backend.areFloats(x, dy) || !isPlain(x.shape, filterShape, dataFormat)) return undefined;
    const info = convInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
    if (!matches(dy, info)) return undefined;
    const dw = backend.allocate(info.filterShape);
    const [xs, dys, dws] = backend.arrays(x, dy, dw);
    backend.kernels.conv2d_backprop_filter(xs, dys, dws, convGeometryOf(info));
    return dw;
  },
);

/** Undefined where the filter makes more than one channel of each, which is left to the inherited kernels. */
function depthwiseInfo(
  xShape: number[],
  filterShape: number[],
  {
    strides,
    pad,
    dilations,
    dimRoundingMode,
  }: Pick<DepthwiseConv2dNativeAttrs, 'strides' | 'pad' | 'dilations' | 'dimRoundingMode'>,
): ConvInfo | undefined {
  if (xShape[3] !== filterShape[2] || filterShape[3] !== 1) return undefined;
  const dilated = dilations ?? 1;
  const info = convInfo(xShape, filterShape, strides, dilated, pad, dimRoundingMode, true);
  return util.sizeFromShape([...info.outShape, ...xShape]) > 0 ? info : undefined;
}

const depthwise = kernel<'x' | 'filter', DepthwiseConv2dNativeAttrs>(
  DepthwiseConv2dNative,
  ({ inputs: { x, filter }, attrs, backend }) => {
    if (attrs.dataFormat !== 'NHWC' || !backend.areFloats(x, filter)) return undefined;
    const info = depthwiseInfo(x.shape, filter.shape, attrs);
    if (info === undefined) return undefined;
    const y = backend.allocate(info.outShape);
    const [xs, ws, ys] = backend.arrays(x, filter, y);
    backend.kernels.depthwise_conv2d(xs, ws, ys, geometryOf(info));
    return y;
  },
);

const depthwiseBackpropInput = kernel<'dy' | 'filter', DepthwiseConv2dNativeBackpropInputAttrs>(
  DepthwiseConv2dNativeBackpropInput,
  ({ inputs: { dy, filter }, attrs, backend }) => {
    if (!backend.areFloats(dy, filter)) return undefined;
    const info = depthwiseInfo(attrs.inputShape, filter.shape, attrs);
    if (info === undefined || !matches(dy, info)) return undefined;
    const dx = backend.allocate(info.inShape);
    const [dys, ws, dxs] = backend.arrays(dy, filter, dx);
    backend.kernels.depthwise_conv2d_backprop_input(dys, ws, dxs, geometryOf(info));
    return dx;
  },
);

const depthwiseBackpropFilter = kernel<'x' | 'dy', DepthwiseConv2dNativeBackpropFilterAttrs>(
  DepthwiseConv2dNativeBackpropFilter,
  ({ inputs: { x, dy }, attrs, backend }) => {
    if (!backend.areFloats(x, dy)) return undefined;
    const info = depthwiseInfo(x.shape, attrs.filterShape, attrs);
    if (info === undefined || !matches(dy, info)) return undefined;
    const dw = backend.allocate(info.filterShape);
    const [xs, dys, dws] = backend.arrays(x, dy, dw);
    backend.kernels.depthwise_conv2d_backprop_filter(xs, dys, dws, geometryOf(info));
    return dw;
  },
);

export const convKernels: readonly CompiledKernel[] = [
  conv2d,
  fusedConv2d,
  conv2dBackpropInput,
  conv2dBackpropFilter,
  depthwise,
  depthwiseBackpropInput,
  depthwiseBackpropFilter,
];
