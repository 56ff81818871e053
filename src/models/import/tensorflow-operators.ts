/** What each TensorFlow operator becomes: a constant, a view of a feature, or a layer. */
import type { NodeDef } from '../../savedmodel/index.ts';
import type { Padding } from '../layers/layer-kind.ts';
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import {
  broadcastShape,
  type Constant,
  combine,
  constant,
  elementsOf,
  map,
  resolveShape,
  scalar,
  sliceVector,
  transpose,
  vector,
} from './constants.ts';
import { unsupported } from './errors.ts';
import {
  affine,
  batchNormalization,
  convolution,
  dense,
  depthwiseConvolution,
  flatten,
  perChannel,
  type Window,
} from './layers.ts';
import type { Feature, LayerContent, NetworkBuilder } from './network-builder.ts';
import type { Attributes, Spaced, Value, View } from './tensorflow-values.ts';

interface Call {
  readonly node: NodeDef;
  readonly attributes: Attributes;
  readonly inputs: readonly Value[];
  readonly builder: NetworkBuilder;
}

type Operator = (call: Call) => Value;

function fail({ node }: Call, reason: string): never {
  throw unsupported(node.op, node.name, reason);
}

function viewOf(feature: Feature, shape = feature.shape): View {
  return { kind: 'view', feature, shape };
}

function view(call: Call, index = 0): View {
  const value = call.inputs[index];
  if (value?.kind === 'view') return value;
  return fail(call, value?.kind === 'probabilities' ? 'it follows a softmax' : 'of this input');
}

function given(call: Call, index: number): Constant {
  const value = call.inputs[index];
  if (value?.kind === 'constant') return value;
  return fail(call, `its input ${index} is not a constant`);
}

function numbers(call: Call, index: number): number[] {
  return Array.from(given(call, index).values);
}

/** The feature behind a view that has not been reshaped, or only in name. */
function feature(call: Call, index = 0): Feature {
  const { feature: real, shape } = view(call, index);
  if (`${shape}` === `${real.shape}`) return real;
  if (shape.length === 1) return flatten(call.builder, real);
  return fail(call, `its input was reshaped from [${real.shape}] to [${shape}]`);
}

function image(call: Call, index = 0): Feature {
  const real = feature(call, index);
  if (call.attributes.string('data_format', 'NHWC') !== 'NHWC') fail(call, 'only NHWC');
  if (real.shape.length !== 3) fail(call, `its input is [${['N', ...real.shape]}]`);
  return real;
}

/** A layer that treats every number alike, so that it may see any view of them. */
function elementwise(call: Call, content: LayerContent): View {
  const { feature: real, shape } = view(call);
  return viewOf(call.builder.add(content, [real]), shape);
}

function pair(call: Call, values: readonly number[]): [number, number] {
  const [batch = 1, height = 1, width = 1, channels = 1] = values;
  const sound = [height, width].every((size) => Number.isInteger(size) && size > 0 && size < 1e6);
  if (batch !== 1 || channels !== 1 || !sound) fail(call, `sizes [${values}]`);
  return [height, width];
}

function padding(call: Call): Padding {
  const rule = call.attributes.string('padding', 'VALID');
  if (rule === 'SAME' || rule === 'VALID') return rule === 'SAME' ? 'same' : 'valid';
  const sizes = call.attributes.integers('explicit_paddings');
  if (rule !== 'EXPLICIT' || sizes.length !== 8) return fail(call, `padding ${rule}`);
  return explicitPadding(call, sizes);
}

function explicitPadding(call: Call, sizes: readonly number[]): Exclude<Padding, string> {
  const [, , top, bottom, left, right] = sizes;
  const sound = sizes.every((size) => Number.isInteger(size) && size >= 0 && size < 1e4);
  if (sizes.length !== 8 || !sound || sizes[0] + sizes[1] + sizes[6] + sizes[7] !== 0) {
    fail(call, `padding [${sizes}]`);
  }
  return [
    [top, bottom],
    [left, right],
  ];
}

function window(call: Call): Window {
  return {
    strides: pair(call, call.attributes.integers('strides')),
    dilations: pair(call, call.attributes.integers('dilations')),
    padding: padding(call),
  };
}

function kernel(call: Call): Constant {
  const value = given(call, 1);
  if (value.shape.length !== 4) fail(call, `a kernel of shape [${value.shape}]`);
  return value;
}

type Convolve = (
  builder: NetworkBuilder,
  input: Feature,
  kernel: Constant,
  window: Window,
) => Feature;

function convolve(how: Convolve) {
  return (call: Call): View | Spaced => {
    const weights = kernel(call);
    const { builder } = call;
    const own = window(call);
    const [input] = call.inputs;
    if (input?.kind !== 'spaced') return viewOf(how(builder, image(call), weights, own));
    const plain = own.padding === 'valid' && `${own.strides},${own.dilations}` === '1,1,1,1';
    if (!plain || input.convolve) fail(call, 'between blocks');
    return { ...input, convolve: (source, meant) => how(builder, source, weights, meant) };
  };
}

const conv2d = convolve(convolution);
const depthwise = convolve(depthwiseConvolution);

/** Four sizes `[top, bottom, left, right]` from a constant `[2, 2]`. */
function edges(call: Call, index: number): number[] {
  const sizes = numbers(call, index);
  const sound = sizes.every((size) => Number.isInteger(size) && size >= 0 && size < 1e4);
  return sizes.length === 4 && sound ? sizes : fail(call, `edges [${sizes}]`);
}

function spaceToBatch(call: Call): Spaced {
  const [down, across, ...more] = numbers(call, 1);
  const sound = [down, across].every((n) => Number.isInteger(n) && n > 0 && n < 1e3);
  if (!sound || more.length > 0) fail(call, `blocks of [${numbers(call, 1)}]`);
  const block = [down, across] as const;
  return { kind: 'spaced', feature: image(call), block, padding: edges(call, 2) };
}

function batchToSpace(call: Call): View {
  const [input] = call.inputs;
  if (input?.kind !== 'spaced' || !input.convolve) return fail(call, 'without a convolution');
  const { feature: source, block, convolve: run } = input;
  const crops = edges(call, 2);
  const left = input.padding.map((size, i) => size - crops[i]);
  if (`${numbers(call, 1)}` !== `${block}` || left.some((size) => size < 0)) {
    fail(call, `blocks of [${numbers(call, 1)}] cropped by [${crops}]`);
  }
  const meant: Padding = [
    [left[0], left[1]],
    [left[2], left[3]],
  ];
  return viewOf(run(source, { strides: [1, 1], dilations: block, padding: meant }));
}

function matMul(call: Call): View {
  const weights = given(call, 1);
  const { attributes, builder } = call;
  if (weights.shape.length !== 2) fail(call, `a matrix of shape [${weights.shape}]`);
  if (attributes.boolean('transpose_a') || attributes.boolean('adj_x')) fail(call, 'transposed');
  const turned = attributes.boolean('transpose_b') || attributes.boolean('adj_y');
  const { feature: real, shape } = view(call);
  if (shape.length !== 1) fail(call, `its input is [${['N', ...shape]}]`);
  return viewOf(dense(builder, real, turned ? transpose(weights, [1, 0]) : weights));
}

/** `x * scale + offset` with constants that differ along the channels at most. */
function scaled(call: Call, index: number, scale: Constant, offset: Constant): View {
  const { feature: real, shape } = view(call, index);
  const uniform = scale.values.length === 1 && offset.values.length === 1;
  const input = uniform ? real : feature(call, index);
  const channels = input.shape[input.shape.length - 1];
  const factors = perChannel(scale, channels);
  const terms = perChannel(offset, channels);
  if (factors === undefined || terms === undefined) {
    return fail(call, `a constant of shape [${scale.shape}] or [${offset.shape}]`);
  }
  return viewOf(affine(call.builder, input, factors, terms), uniform ? shape : input.shape);
}

interface Arithmetic {
  readonly compute: (x: number, y: number) => number;
  /** Scale and offset where the constant is the second or the first input. */
  readonly second?: (c: Constant) => [Constant, Constant];
  readonly first?: (c: Constant) => [Constant, Constant];
  readonly join?: 'add' | 'multiply';
}

const one = scalar(1);
const zero = scalar(0);
const negative = (c: Constant) => map(c, (x) => -x);
const addition: Arithmetic = {
  compute: (x, y) => x + y,
  second: (c) => [one, c],
  first: (c) => [one, c],
  join: 'add',
};

function arithmetic({ compute, second, first, join }: Arithmetic): Operator {
  return (call) => {
    const [a, b] = call.inputs;
    if (a?.kind === 'constant' && b?.kind === 'constant') {
      return combine(a, b, compute) ?? fail(call, `of [${a.shape}] and [${b.shape}]`);
    }
    if (b?.kind === 'constant' && second) return scaled(call, 0, ...second(b));
    if (a?.kind === 'constant' && first) return scaled(call, 1, ...first(a));
    if (a?.kind === 'view' && b?.kind === 'view' && join) {
      const fits = broadcastShape(a.shape, b.shape);
      if (`${fits}` !== `${a.shape}` || `${fits}` !== `${b.shape}`) {
        fail(call, `of [${a.shape}] and [${b.shape}]`);
      }
      const inputs = [feature(call, 0), feature(call, 1)];
      return viewOf(call.builder.add({ kind: join }, inputs));
    }
    return fail(call, 'of these inputs');
  };
}

function computed(f: (x: number) => number): Operator {
  return (call) => map(given(call, 0), f);
}

/** Computed where the input is a constant; otherwise a layer. */
function nonlinear(activation: Nonlinearity): Operator {
  return (call) => elementwise(call, { kind: 'activation', activation });
}

function pool(kind: 'max-pool' | 'average-pool'): Operator {
  return (call) => {
    const size = pair(call, call.attributes.integers('ksize'));
    const strides = pair(call, call.attributes.integers('strides'));
    const pad = padding(call);
    if (kind === 'average-pool' && typeof pad !== 'string') fail(call, 'explicit padding');
    return viewOf(call.builder.add({ kind, size, strides, padding: pad }, [image(call)]));
  };
}

function globalPool(kind: 'global-max-pool' | 'global-average-pool'): Operator {
  return (call) => {
    const { shape } = view(call);
    const rank = shape.length + 1;
    const axes = numbers(call, 1).map((axis) => (axis < 0 ? axis + rank : axis));
    if (`${axes.sort()}` !== '1,2' || rank !== 4) fail(call, `over the axes [${axes}]`);
    const pooled = call.builder.add({ kind }, [image(call)]);
    const keep = call.attributes.boolean('keep_dims');
    return viewOf(pooled, keep ? [1, 1, ...pooled.shape] : pooled.shape);
  };
}

function batchNorm(call: Call): View {
  if (call.attributes.boolean('is_training')) fail(call, 'in training mode');
  const values = [1, 2, 3, 4].map((index) => given(call, index).values);
  const [gamma, beta, mean, variance] = values;
  const epsilon = call.attributes.number('epsilon', 1e-4);
  const parameters = { gamma, beta, mean, variance, epsilon };
  return viewOf(batchNormalization(call.builder, image(call), parameters));
}

function reshape(call: Call): Value {
  const target = numbers(call, 1);
  const [input] = call.inputs;
  if (input?.kind === 'constant') {
    return constant(resolveShape(target, input.values.length), input.values);
  }
  const { feature: real, shape } = view(call);
  const count = elementsOf(shape);
  const wanted = resolveShape(target.slice(1), count);
  if (target.length < 2 || elementsOf(wanted) !== count) {
    fail(call, `from [${['N', ...shape]}] to [${target}]`);
  }
  return viewOf(real, wanted);
}

function squeeze(call: Call): Value {
  const dims = call.attributes.integers('squeeze_dims');
  const [input] = call.inputs;
  if (input?.kind === 'constant') {
    const axes = dims.map((axis) => (axis < 0 ? axis + input.shape.length : axis));
    const left = input.shape.filter(
      (size, i) => size !== 1 || !(dims.length === 0 || axes.includes(i)),
    );
    return constant(left, input.values);
  }
  const { feature: real, shape } = view(call);
  const axes = dims.map((axis) => (axis < 0 ? axis + shape.length + 1 : axis));
  if (axes.includes(0)) fail(call, 'of the batch axis');
  const drop = (size: number, i: number) =>
    size === 1 && (dims.length === 0 || axes.includes(i + 1));
  return viewOf(
    real,
    shape.filter((size, i) => !drop(size, i)),
  );
}

function expandDims(call: Call): Value {
  const [axis] = numbers(call, 1);
  const [input] = call.inputs;
  const shape = input?.kind === 'constant' ? input.shape : [-1, ...view(call).shape];
  const place = axis < 0 ? axis + shape.length + 1 : axis;
  const wanted = shape.toSpliced(place, 0, 1);
  if (input?.kind === 'constant') return constant(wanted, input.values);
  if (place < 1) fail(call, 'of the batch axis');
  return viewOf(view(call).feature, wanted.slice(1));
}

function concat(call: Call): Value {
  const count = call.inputs.length - 1;
  const [axis] = numbers(call, count);
  const parts = call.inputs.slice(0, count);
  if (parts.every((part) => part.kind === 'constant' && part.shape.length === 1)) {
    return vector(parts.flatMap((_, i) => numbers(call, i)));
  }
  const features = parts.map((_, i) => feature(call, i));
  const rank = features[0].shape.length + 1;
  if ((axis < 0 ? axis + rank : axis) !== rank - 1) fail(call, `along the axis ${axis}`);
  return viewOf(call.builder.add({ kind: 'concat' }, features));
}

function stridedSlice(call: Call): Value {
  const input = given(call, 0);
  const [[start], [end], [step]] = [1, 2, 3].map((index) => numbers(call, index));
  const mask = (name: string) => call.attributes.number(name, 0);
  if (mask('ellipsis_mask') + mask('new_axis_mask') !== 0) fail(call, 'with such a mask');
  if (mask('shrink_axis_mask') === 1) {
    const picked = input.values.at(start);
    return picked === undefined ? fail(call, 'outside of its input') : scalar(picked);
  }
  const from = mask('begin_mask') === 1 ? 0 : start;
  const to = mask('end_mask') === 1 ? input.values.length : end;
  return sliceVector(input, from, to, step);
}

function pad(call: Call): Value {
  if (call.inputs.length > 2 && numbers(call, 2)[0] !== 0) fail(call, 'with another value than 0');
  const sizes = explicitPadding(call, numbers(call, 1));
  return viewOf(call.builder.add({ kind: 'pad', padding: sizes }, [image(call)]));
}

function softmax(call: Call): Value {
  const logits = view(call);
  if (logits.shape.length !== 1) fail(call, `its input is [${['N', ...logits.shape]}]`);
  return { kind: 'probabilities', logits };
}

function shapeOf(call: Call): Value {
  const [input] = call.inputs;
  return vector(input?.kind === 'constant' ? input.shape : [-1, ...view(call).shape]);
}

function pack(call: Call): Value {
  return vector(call.inputs.map((_, i) => numbers(call, i)[0]));
}

/** The product of a shape; one unknown size makes it unknown. */
function product(call: Call): Value {
  const sizes = numbers(call, 0);
  const total = sizes.reduce((all, size) => all * size, 1);
  return scalar(sizes.includes(-1) ? -1 : total);
}

function gather(call: Call): Value {
  const input = given(call, 0);
  const indices = given(call, 1);
  if (input.shape.length !== 1) fail(call, 'of more than a vector');
  return map(indices, (index) => input.values.at(index) ?? fail(call, 'outside of its input'));
}

/** A product with bias and activation in one operator, as TensorFlow.js's converter writes it. */
function fused(start: Operator): Operator {
  return (call) =>
    call.attributes.strings('fused_ops').reduce<Value>((value, op) => {
      const inputs = op === 'BiasAdd' ? [value, call.inputs[2]] : [value];
      const operator = Object.hasOwn(OPERATORS, op) ? OPERATORS[op] : undefined;
      return operator?.({ ...call, inputs }) ?? fail(call, `fused with ${op}`);
    }, start(call));
}

const pass: Operator = ({ inputs }) => inputs[0];

export const OPERATORS: Readonly<Record<string, Operator>> = {
  Conv2D: conv2d,
  DepthwiseConv2dNative: depthwise,
  MatMul: matMul,
  BatchMatMulV2: matMul,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  _FusedConv2D: fused(conv2d),
  FusedDepthwiseConv2dNative: fused(depthwise),
  _FusedMatMul: fused(matMul),

  BiasAdd: arithmetic(addition),
  Add: arithmetic(addition),
  AddV2: arithmetic(addition),
  AddN: (call) =>
    call.inputs.reduce((sum, next) => arithmetic(addition)({ ...call, inputs: [sum, next] })),
  Sub: arithmetic({
    compute: (x, y) => x - y,
    second: (c) => [one, negative(c)],
    first: (c) => [scalar(-1), c],
  }),
  Mul: arithmetic({
    compute: (x, y) => x * y,
    second: (c) => [c, zero],
    first: (c) => [c, zero],
    join: 'multiply',
  }),
  RealDiv: arithmetic({
    compute: (x, y) => x / y,
    second: (c) => [map(c, (x) => 1 / x), zero],
  }),
  Rsqrt: computed((x) => 1 / Math.sqrt(x)),
  Sqrt: computed(Math.sqrt),
  Square: computed((x) => x * x),
  Neg: (call) =>
    call.inputs[0]?.kind === 'constant'
      ? negative(call.inputs[0])
      : scaled(call, 0, scalar(-1), zero),
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,

  Relu: nonlinear('relu'),
  Relu6: nonlinear('relu6'),
  Elu: nonlinear('elu'),
  Selu: nonlinear('selu'),
  Sigmoid: nonlinear('sigmoid'),
  Tanh: nonlinear('tanh'),
  Softplus: nonlinear('softplus'),
  LeakyRelu: (call) =>
    elementwise(call, { kind: 'leaky-relu', slope: call.attributes.number('alpha', 0.2) }),
  Softmax: softmax,
  LogSoftmax: softmax,

  MaxPool: pool('max-pool'),
  AvgPool: pool('average-pool'),
  Max: globalPool('global-max-pool'),
  Mean: globalPool('global-average-pool'),
  Pad: pad,
  PadV2: pad,
  ConcatV2: concat,

  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Cast: pass,
  Shape: shapeOf,
  StridedSlice: stridedSlice,
  Pack: pack,
  Prod: product,
  GatherV2: gather,
};
