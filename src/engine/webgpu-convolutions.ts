/**
 * Convolutions that TensorFlow.js's WebGPU backend leaves most of a GPU idle in, as small WGSL programs: the
 * gradient of a filter, where it runs one invocation for each weight, 288 of them for a first layer; and
 * forward passes over few channels, which it pads to matrix products with 32 terms.
 */
import * as tf from '@tensorflow/tfjs-core';
import { CONV_RELU } from '../../native/backend/browser.ts';
import {
  type Call,
  type Kernel,
  type Program,
  programOf,
  replaceKernel,
} from './webgpu-programs.ts';

/** Most terms of an output of a shallow forward pass: as many as TensorFlow.js's tiles have. */
const SHALLOW = 32;
/** Invocations that keep a large GPU busy. */
const BUSY = 2 ** 16;

/** Channels that an invocation handles together, as a vector of WGSL. */
type Lanes = 1 | 4;

const lanesOf = (channels: number): Lanes => (channels % 4 === 0 ? 4 : 1);
const vectorOf = (lanes: Lanes): string => (lanes === 4 ? 'vec4<f32>' : 'f32');

type Shape4D = [number, number, number, number];
type Info = tf.backend_util.Conv2DInfo;

function infoOf(images: tf.TensorInfo, filterShape: number[], attrs: object): Info {
  const { strides, pad, dimRoundingMode, dilations } = attrs as tf.Conv2DAttrs;
  return tf.backend_util.computeConv2DInfo(
    images.shape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
  );
}

const isChannelsLast = (attrs: object) => (attrs as tf.Conv2DAttrs).dataFormat === 'NHWC';

/** Channels are counted in vectors, rows are those of a slice. */
const UNIFORMS = `window : vec2<i32>, inSize : vec2<i32>, outSize : vec2<i32>, strides : vec2<i32>,
  dilations : vec2<i32>, pads : vec2<i32>, channels : vec2<i32>, count : i32, batch : i32, rows : i32,`;

function uniformsOf(info: Info, [ins, outs]: readonly [Lanes, Lanes], count: number, rows = 0) {
  return [
    [info.filterHeight, info.filterWidth],
    [info.inHeight, info.inWidth],
    [info.outHeight, info.outWidth],
    [info.strideHeight, info.strideWidth],
    [info.dilationHeight, info.dilationWidth],
    [info.padInfo.top, info.padInfo.left],
    [info.inChannels / ins, info.outChannels / outs],
    [count],
    [info.batchSize],
    [rows],
  ].map((data) => ({ type: 'int32', data }) as const);
}

/** One invocation for an output pixel and vector of channels. */
function shallowProgram(
  info: Info,
  lanes: Lanes,
  count: number,
  { hasBias, isRelu }: { readonly hasBias: boolean; readonly isRelu: boolean },
): Program {
  const zero = `${vectorOf(lanes)}(0.0)`;
  const code = `
    if (index >= uniforms.count) { return; }
    let o = index % uniforms.channels.y;
    let pixel = index / uniforms.channels.y;
    let column = pixel % uniforms.outSize.y;
    let row = (pixel / uniforms.outSize.y) % uniforms.outSize.x;
    let image = pixel / (uniforms.outSize.x * uniforms.outSize.y);
    let corner = vec2<i32>(row, column) * uniforms.strides - uniforms.pads;
    var sum = ${hasBias ? 'Bias[o]' : zero};
    for (var r = 0; r < uniforms.window.x; r++) {
      let y = corner.x + r * uniforms.dilations.x;
      if (y < 0 || y >= uniforms.inSize.x) { continue; }
      for (var c = 0; c < uniforms.window.y; c++) {
        let x = corner.y + c * uniforms.dilations.y;
        if (x < 0 || x >= uniforms.inSize.y) { continue; }
        let start = ((image * uniforms.inSize.x + y) * uniforms.inSize.y + x) * uniforms.channels.x;
        let weight = (r * uniforms.window.y + c) * uniforms.channels.x;
        for (var i = 0; i < uniforms.channels.x; i++) {
          sum += X[start + i] * W[(weight + i) * uniforms.channels.y + o];
        }
      }
    }
    result[index] = ${isRelu ? `select(sum, ${zero}, sum < ${zero})` : 'sum'};`;
  return {
    ...programOf(`distill_shallow_${lanes}_${isRelu}`, info.outShape, count, code),
    variableNames: ['X', 'W', ...(hasBias ? ['Bias'] : [])],
    variableComponents: [1, lanes, ...(hasBias ? [lanes] : [])],
    outputComponent: lanes,
    uniforms: UNIFORMS,
  };
}

type ForwardCall = Call<'x' | 'filter', 'bias' | 'preluActivationWeights'>;

const activationOf = (attrs: object) =>
  (attrs as Partial<tf.FusedConv2DAttrs>).activation ?? 'linear';

/** `Conv2D`, and `FusedConv2D` without activation or with ReLU. */
function shallow({ inputs: { x, filter, bias }, backend, attrs }: ForwardCall): tf.TensorInfo {
  const info = infoOf(x, filter.shape, attrs);
  const lanes = lanesOf(info.outChannels);
  const count = tf.util.sizeFromShape(info.outShape) / lanes;
  const program = shallowProgram(info, lanes, count, {
    hasBias: bias !== undefined,
    isRelu: activationOf(attrs) === 'relu',
  });
  const inputs = bias ? [x, filter, bias] : [x, filter];
  return backend.runWebGPUProgram(program, inputs, 'float32', uniformsOf(info, [1, lanes], count));
}

function isShallow({ inputs: { filter, bias }, attrs }: ForwardCall): boolean {
  const [height, width, channels, filters] = filter.shape;
  return (
    isChannelsLast(attrs) &&
    height * width > 1 &&
    height * width * channels <= SHALLOW &&
    ['linear', 'relu'].includes(activationOf(attrs)) &&
    (!bias || tf.util.sizeFromShape(bias.shape) === filters)
  );
}

/**
 * `[slices, weights]`: one invocation for a place of the filter, a vector of input channels, a vector of
 * output channels, and a slice of the output rows of all images.
 */
function slicesProgram(
  weights: number,
  slices: number,
  [ins, outs]: readonly [Lanes, Lanes],
  count: number,
): Program {
  const each = (code: (lane: number) => string) =>
    Array.from({ length: ins }, (_, lane) => code(lane)).join('\n');
  const code = `
    if (index >= uniforms.count) { return; }
    let o = index % uniforms.channels.y;
    var rest = index / uniforms.channels.y;
    let i = rest % uniforms.channels.x;
    rest = rest / uniforms.channels.x;
    let c = rest % uniforms.window.y;
    rest = rest / uniforms.window.y;
    let r = rest % uniforms.window.x;
    let part = rest / uniforms.window.x;
    ${each((lane) => `var sum${lane} = ${vectorOf(outs)}(0.0);`)}
    let end = min((part + 1) * uniforms.rows, uniforms.batch * uniforms.outSize.x);
    for (var row = part * uniforms.rows; row < end; row++) {
      let y = r + (row % uniforms.outSize.x) * uniforms.strides.x - uniforms.pads.x;
      if (y < 0 || y >= uniforms.inSize.x) { continue; }
      let start = (row / uniforms.outSize.x * uniforms.inSize.x + y) * uniforms.inSize.y;
      for (var column = 0; column < uniforms.outSize.y; column++) {
        let x = c + column * uniforms.strides.y - uniforms.pads.y;
        if (x < 0 || x >= uniforms.inSize.y) { continue; }
        let pixel = X[(start + x) * uniforms.channels.x + i];
        let slope = Dy[(row * uniforms.outSize.y + column) * uniforms.channels.y + o];
        ${each((lane) => `sum${lane} += pixel${ins === 4 ? `[${lane}]` : ''} * slope;`)}
      }
    }
    let place = ((part * uniforms.window.x + r) * uniforms.window.y + c) * uniforms.channels.x + i;
    ${each((lane) => `result[(place * ${ins} + ${lane}) * uniforms.channels.y + o] = sum${lane};`)}`;
  return {
    ...programOf(`distill_slices_${ins}_${outs}`, [slices, weights], count, code),
    variableNames: ['X', 'Dy'],
    variableComponents: [ins, outs],
    outputComponent: outs,
    uniforms: UNIFORMS,
  };
}

/** The sum over the slices, in their order: the same bits in every run. */
function sumProgram(shape: number[]): Program {
  const code = `
    if (index >= uniforms.size) { return; }
    var sum = X[index];
    for (var part = 1; part < uniforms.slices; part++) { sum += X[part * uniforms.size + index]; }
    setOutputAtIndex(index, sum);`;
  const weights = tf.util.sizeFromShape(shape);
  return { ...programOf('distill_sum', shape, weights, code), uniforms: 'slices : i32,' };
}

/** Output rows of a slice: slices enough to keep a GPU busy, but no longer a sum over them than in one. */
function rowsInSlice(rows: number, columns: number, invocations: number): number {
  const slices = Math.min(
    rows,
    Math.ceil(BUSY / invocations),
    Math.ceil(Math.sqrt(rows * columns)),
  );
  return Math.ceil(rows / slices);
}

const filterGradient: Kernel<'x' | 'dy'> = ({ inputs: { x, dy }, backend, attrs }) => {
  const { filterShape } = attrs as tf.Conv2DBackpropFilterAttrs;
  const info = infoOf(x, filterShape, attrs);
  const lanes = [lanesOf(info.inChannels), lanesOf(info.outChannels)] as const;
  const weights = tf.util.sizeFromShape(filterShape);
  const invocations = weights / (lanes[0] * lanes[1]);
  const allRows = info.batchSize * info.outHeight;
  const rows = rowsInSlice(allRows, info.outWidth, invocations);
  const slices = Math.ceil(allRows / rows);
  const count = slices * invocations;
  const program = slicesProgram(weights, slices, lanes, count);
  const uniforms = uniformsOf(info, lanes, count, rows);
  const parts = backend.runWebGPUProgram(program, [x, dy], 'float32', uniforms);
  const gradient = backend.runWebGPUProgram(sumProgram(filterShape), [parts], 'float32', [
    { type: 'int32', data: [slices] },
  ]);
  backend.disposeData(parts.dataId);
  return gradient;
};

/** Convolution, bias and ReLU as one program, where TensorFlow.js makes three of it while it records gradients. */
const convRelu: tf.KernelFunc = ({ inputs, attrs, backend }) =>
  tf.getKernel(tf.FusedConv2D, 'webgpu').kernelFunc({
    inputs,
    attrs: { ...attrs, dataFormat: 'NHWC', activation: 'relu' },
    backend,
  });

/** Registers them for the backend `webgpu`. */
export function registerConvolutions(): void {
  tf.registerKernel({ kernelName: CONV_RELU, backendName: 'webgpu', kernelFunc: convRelu });
  replaceKernel(tf.Conv2D, shallow, isShallow);
  replaceKernel(tf.FusedConv2D, shallow, isShallow);
  replaceKernel(tf.Conv2DBackpropFilter, filterGradient, ({ attrs }) => isChannelsLast(attrs));
}
