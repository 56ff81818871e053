/** What each TensorFlow operator becomes: a constant, a view of a feature, or a layer. */
import { nonlinearitiesBy } from '../layers/activation.ts';
import type { Padding } from '../layers/layer-kind.ts';
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import {
  type Constant,
  elementsOf,
  map,
  resolveShape,
  scalar,
  sliceVector,
  transpose,
  vector,
} from './constants.ts';
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
import {
  arePadding,
  arePositive,
  arithmeticFor,
  axisOf,
  type Call as BaseCall,
  constantAt,
  expanded,
  fail,
  gather,
  isConstant,
  kernelAt,
  nonlinearOperators,
  numbersAt,
  reshaped,
  type ScaleAndOffset,
  squeezed,
  viewAt,
} from './operators.ts';
import type { Attributes, Spaced, Value, View } from './tensorflow-values.ts';

interface Call extends BaseCall<Value> {
  readonly attributes: Attributes;
}

type Operator = (call: Call) => Value;

function viewOf(feature: Feature, shape = feature.shape): View {
  return { kind: 'view', feature, shape };
}

/** The feature behind a view that has not been reshaped, or only in name. */
function feature(call: Call, index = 0): Feature {
  const { feature: real, shape } = viewAt(call, index);
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
  const { feature: real, shape } = viewAt(call);
  return viewOf(call.builder.add(content, [real]), shape);
}

function pair(call: Call, values: readonly number[]): [number, number] {
  const [batch = 1, height = 1, width = 1, channels = 1] = values;
  if (batch !== 1 || channels !== 1 || !arePositive([height, width]))
    fail(call, `sizes [${values}]`);
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
  if (sizes.length !== 8 || !arePadding(sizes) || sizes[0] + sizes[1] + sizes[6] + sizes[7] !== 0) {
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

type Convolve = (
  builder: NetworkBuilder,
  input: Feature,
  kernel: Constant,
  window: Window,
) => Feature;

function convolve(how: Convolve) {
  return (call: Call): View | Spaced => {
    const weights = kernelAt(call, 1);
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
  const sizes = numbersAt(call, index);
  return sizes.length === 4 && arePadding(sizes) ? sizes : fail(call, `edges [${sizes}]`);
}

function spaceToBatch(call: Call): Spaced {
  const [down, across, ...more] = numbersAt(call, 1);
  const sound = [down, across].every((n) => Number.isInteger(n) && n > 0 && n < 1e3);
  if (!sound || more.length > 0) fail(call, `blocks of [${numbersAt(call, 1)}]`);
  const block = [down, across] as const;
  return { kind: 'spaced', feature: image(call), block, padding: edges(call, 2) };
}

function batchToSpace(call: Call): View {
  const [input] = call.inputs;
  if (input?.kind !== 'spaced' || !input.convolve) return fail(call, 'without a convolution');
  const { feature: source, block, convolve: run } = input;
  const crops = edges(call, 2);
  const left = input.padding.map((size, i) => size - crops[i]);
  if (`${numbersAt(call, 1)}` !== `${block}` || left.some((size) => size < 0)) {
    fail(call, `blocks of [${numbersAt(call, 1)}] cropped by [${crops}]`);
  }
  const meant: Padding = [
    [left[0], left[1]],
    [left[2], left[3]],
  ];
  return viewOf(run(source, { strides: [1, 1], dilations: block, padding: meant }));
}

function matMul(call: Call): View {
  const weights = constantAt(call, 1);
  const { attributes, builder } = call;
  if (weights.shape.length !== 2) fail(call, `a matrix of shape [${weights.shape}]`);
  if (attributes.boolean('transpose_a') || attributes.boolean('adj_x')) fail(call, 'transposed');
  const transposed = attributes.boolean('transpose_b') || attributes.boolean('adj_y');
  const { feature: real, shape } = viewAt(call);
  if (shape.length !== 1) fail(call, `its input is [${['N', ...shape]}]`);
  return viewOf(dense(builder, real, transposed ? transpose(weights, [1, 0]) : weights));
}

/** `x * scale + offset` with a constant that differs along the channels at most. */
function scale(call: Call, index: number, operand: Constant, parts: ScaleAndOffset): View {
  const { feature: real, shape } = viewAt(call, index);
  const uniform = operand.values.length === 1;
  const input = uniform ? real : feature(call, index);
  const values = perChannel(operand, input.shape[input.shape.length - 1]);
  if (values === undefined) return fail(call, `a constant of shape [${operand.shape}]`);
  const scaled = affine(call.builder, input, ...parts(values));
  return viewOf(scaled, uniform ? shape : input.shape);
}

const arithmetic = arithmeticFor<Value, Call>({
  scale,
  join(call, kind) {
    const [{ shape: left }, { shape: right }] = [viewAt(call, 0), viewAt(call, 1)];
    if (`${left}` !== `${right}`) fail(call, `of [${left}] and [${right}]`);
    return viewOf(call.builder.add({ kind }, [feature(call, 0), feature(call, 1)]));
  },
});
const addition = arithmetic('add');

function computed(f: (x: number) => number): Operator {
  return (call) => map(constantAt(call, 0), f);
}

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
    const { shape } = viewAt(call);
    const rank = shape.length + 1;
    const axes = numbersAt(call, 1).map((axis) => axisOf(axis, rank));
    if (`${axes.sort()}` !== '1,2' || rank !== 4) fail(call, `over the axes [${axes}]`);
    const pooled = call.builder.add({ kind }, [image(call)]);
    const keep = call.attributes.boolean('keep_dims');
    return viewOf(pooled, keep ? [1, 1, ...pooled.shape] : pooled.shape);
  };
}

function batchNorm(call: Call): View {
  if (call.attributes.boolean('is_training')) fail(call, 'in training mode');
  const values = [1, 2, 3, 4].map((index) => constantAt(call, index).values);
  const [gamma, beta, mean, variance] = values;
  const epsilon = call.attributes.number('epsilon', 1e-4);
  const parameters = { gamma, beta, mean, variance, epsilon };
  return viewOf(batchNormalization(call.builder, image(call), parameters));
}

function reshape(call: Call): Value {
  const target = numbersAt(call, 1);
  const [input] = call.inputs;
  if (isConstant(input)) {
    return reshaped(input, target);
  }
  const { feature: real, shape } = viewAt(call);
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
  if (isConstant(input)) {
    return squeezed(input, dims.length === 0 ? undefined : dims);
  }
  const { feature: real, shape } = viewAt(call);
  const axes = dims.map((axis) => axisOf(axis, shape.length + 1));
  if (axes.includes(0)) fail(call, 'of the batch axis');
  const drop = (size: number, i: number) =>
    size === 1 && (dims.length === 0 || axes.includes(i + 1));
  return viewOf(
    real,
    shape.filter((size, i) => !drop(size, i)),
  );
}

function expandDims(call: Call): Value {
  const [axis] = numbersAt(call, 1);
  const [input] = call.inputs;
  if (isConstant(input)) return expanded(input, axis);
  const { feature: real, shape } = viewAt(call);
  const position = axisOf(axis, shape.length + 2);
  if (position < 1) fail(call, 'of the batch axis');
  return viewOf(real, shape.toSpliced(position - 1, 0, 1));
}

function concat(call: Call): Value {
  const count = call.inputs.length - 1;
  const [axis] = numbersAt(call, count);
  const parts = call.inputs.slice(0, count);
  if (parts.every((part) => isConstant(part) && part.shape.length === 1)) {
    return vector(parts.flatMap((_, i) => numbersAt(call, i)));
  }
  const features = parts.map((_, i) => feature(call, i));
  const rank = features[0].shape.length + 1;
  if (axisOf(axis, rank) !== rank - 1) fail(call, `along the axis ${axis}`);
  return viewOf(call.builder.add({ kind: 'concat' }, features));
}

function stridedSlice(call: Call): Value {
  const input = constantAt(call, 0);
  const [[start], [end], [step]] = [1, 2, 3].map((index) => numbersAt(call, index));
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
  if (call.inputs.length > 2 && numbersAt(call, 2)[0] !== 0)
    fail(call, 'with another value than 0');
  const sizes = explicitPadding(call, numbersAt(call, 1));
  return viewOf(call.builder.add({ kind: 'pad', padding: sizes }, [image(call)]));
}

function softmax(call: Call): Value {
  const logits = viewAt(call);
  if (logits.shape.length !== 1) fail(call, `its input is [${['N', ...logits.shape]}]`);
  return { kind: 'probabilities', logits };
}

function shapeOf(call: Call): Value {
  const [input] = call.inputs;
  return vector(isConstant(input) ? input.shape : [-1, ...viewAt(call).shape]);
}

function pack(call: Call): Value {
  return vector(call.inputs.map((_, i) => numbersAt(call, i)[0]));
}

/** The product of a shape; one unknown size makes it unknown. */
function product(call: Call): Value {
  const sizes = numbersAt(call, 0);
  const total = sizes.reduce((all, size) => all * size, 1);
  return scalar(sizes.includes(-1) ? -1 : total);
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

const pass: Operator = (call) => call.inputs[0] ?? fail(call, 'without an input');

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

  BiasAdd: addition,
  Add: addition,
  AddV2: addition,
  AddN: ({ inputs: [first, ...others], ...call }) =>
    others.reduce<Value | undefined>(
      (sum, next) => addition({ ...call, inputs: [sum, next] }),
      first,
    ) ?? fail(call, 'without inputs'),
  Sub: arithmetic('subtract'),
  Mul: arithmetic('multiply'),
  RealDiv: arithmetic('divide'),
  Rsqrt: computed((x) => 1 / Math.sqrt(x)),
  Sqrt: computed(Math.sqrt),
  Square: computed((x) => x * x),
  Neg: (call) => {
    const [input] = call.inputs;
    return isConstant(input)
      ? map(input, (x) => -x)
      : scale(call, 0, scalar(-1), (factor) => [factor, [0]]);
  },
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,

  ...nonlinearOperators(nonlinearitiesBy('savedModel'), nonlinear),
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
