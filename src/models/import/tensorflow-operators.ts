/** What each TensorFlow operator becomes: a constant, a view of a feature, or a layer. */
import { nonlinearitiesBy } from '../layers/activation.ts';
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import type { Reduction } from '../layers/reductions.ts';
import {
  type Constant,
  concatenate,
  constant,
  gatherAxis,
  map,
  partOf,
  scalar,
  transpose,
  vector,
} from './constants.ts';
import * as operators from './operators.ts';
import type { TensorflowCall, TensorflowOperator } from './tensorflow-call.ts';
import type { Value } from './tensorflow-values.ts';
import { batchToSpace, conv2d, depthwise, pad, pool, spaceToBatch } from './tensorflow-windows.ts';
import { batchOf, isBatchAxis, shapeOf, type View } from './view.ts';
import * as on from './view-operators.ts';

const { axisOf, constantAt, fail, isConstant, numbersAt, viewAt } = operators;
type Call = TensorflowCall;

function matMul(call: Call): Value {
  const { attributes } = call;
  const turned = (...names: string[]) => names.some((name) => attributes.boolean(name));
  return on.matmul(call, [turned('transpose_a', 'adj_x'), turned('transpose_b', 'adj_y')]);
}

const addition = on.arithmetic('add');

function unary(ofConstant: (x: number) => number, ofView: (call: Call, view: View) => View) {
  return (call: Call): Value => {
    const [input] = call.inputs;
    return isConstant(input) ? map(input, ofConstant) : ofView(call, viewAt(call));
  };
}

function nonlinear(activation: Nonlinearity): TensorflowOperator {
  return (call) => {
    const [input] = call.inputs;
    const compute = operators.ON_CONSTANTS[activation];
    return isConstant(input) && compute
      ? map(input, compute)
      : on.activated(call, viewAt(call), activation);
  };
}

/** The mean or maximum over the axes that the second input names. */
function reduce(reduction: Reduction, scale: (count: number) => number = () => 1) {
  return (call: Call): Value => {
    const view = viewAt(call);
    const shape = shapeOf(view);
    const axes = numbersAt(call, 1).map((axis) => axisOf(axis, shape.length));
    const found = on.reduced(call, view, axes, reduction);
    const factor = scale(axes.reduce((count, axis) => count * shape[axis], 1));
    const result = factor === 1 ? found : on.multiplied(call, found, scalar(factor));
    if (call.attributes.boolean('keep_dims')) return result;
    const kept = shape.filter((_, i) => !axes.includes(i));
    return on.reshapedTo(call, result, kept);
  };
}

/**
 * What Keras writes for a layer normalization: the "channels" of `[1, rows, features, 1]` are the
 * rows of all images, so that each is standardized on its own.
 */
function standardizedRows(call: Call, epsilon: number): View {
  const view = viewAt(call);
  const [one, rows, features, last] = shapeOf(view);
  const [scale, offset] = [1, 2].map((index) => constantAt(call, index).values);
  const isUniform = [scale, offset].every((values) => values.every((x) => x === values[0]));
  const batch = batchOf(view);
  if (one !== 1 || last !== 1 || rows % batch !== 0 || !isUniform) fail(call, 'in training mode');
  const split = on.reshapedTo(call, view, [batch, rows / batch, features]);
  const standard = on.standardized(call, split, [2], epsilon);
  const scaled = on.scaled(call, standard, scalar(scale[0]), scalar(offset[0]));
  return on.reshapedTo(call, scaled, [1, rows, features, 1]);
}

function batchNorm(call: Call): View {
  const isFirst = call.attributes.string('data_format', 'NHWC') !== 'NHWC';
  const epsilon = call.attributes.number('epsilon', 1e-4);
  if (call.attributes.boolean('is_training', true)) {
    return isFirst ? standardizedRows(call, epsilon) : fail(call, 'in training mode');
  }
  if (isFirst) fail(call, 'only NHWC');
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => constantAt(call, index));
  const scale = map(gamma, (x, i) => x / Math.sqrt(variance.values[i] + epsilon));
  const offset = map(beta, (x, i) => x - mean.values[i] * scale.values[i]);
  return on.scaled(call, viewAt(call), scale, offset);
}

/** An operator that gives the input other axes; of a softmax, its logits'. */
function rearranging(shapeFor: (call: Call, shape: readonly number[]) => readonly number[]) {
  return (call: Call): Value => {
    const [input] = call.inputs;
    if (isConstant(input)) return operators.reshaped(input, shapeFor(call, input.shape));
    const ofView = (view: View) => on.reshapedTo(call, view, shapeFor(call, shapeOf(view)));
    if (input?.kind !== 'probabilities') return ofView(viewAt(call));
    return { kind: 'probabilities', logits: ofView(input.logits) };
  };
}

const reshape = rearranging((call) => numbersAt(call, 1));
const squeeze = rearranging((call, shape) => {
  const dims = call.attributes.integers('squeeze_dims');
  return operators.squeezedShape(shape, dims.length === 0 ? undefined : dims);
});
const expandDims = rearranging((call, shape) =>
  operators.expandedShape(shape, numbersAt(call, 1).slice(0, 1)),
);

function permute(call: Call): Value {
  const [input] = call.inputs;
  const order = numbersAt(call, 1);
  return isConstant(input) ? transpose(input, order) : on.permuted(call, viewAt(call), order);
}

function concat(call: Call): Value {
  const count = call.inputs.length - 1;
  const [axis] = numbersAt(call, count);
  const parts = call.inputs.slice(0, count);
  const constants = parts.filter(isConstant);
  if (constants.length === count) return concatenate(constants, axis);
  return on.concatenated({ ...call, inputs: parts }, axis);
}

/** A part of a value along one axis; the whole batch is the only part of that axis there is. */
function part(call: Call, value: Value, axis: number, start: number, size: number): Value {
  if (isConstant(value)) return partOf(value, axis, start, size, 1);
  const view = viewAt({ ...call, inputs: [value] });
  if (isBatchAxis(view, axis) && start === 0 && size === shapeOf(view)[axis]) return view;
  return on.sliced(call, view, axis, start, size);
}

function sizesOf(call: Call): readonly number[] {
  const [input] = call.inputs;
  return isConstant(input) ? input.shape : shapeOf(viewAt(call));
}

function slice(call: Call): Value {
  const shape = sizesOf(call);
  const [starts, sizes] = [1, 2].map((index) => numbersAt(call, index));
  return shape.reduce<Value>((value, whole, axis) => {
    const size = sizes[axis] === -1 ? whole - starts[axis] : sizes[axis];
    return part(call, value, axis, starts[axis], size);
  }, call.inputs[0] ?? fail(call, 'without an input'));
}

function stridedSlice(call: Call): Value {
  const [starts, ends, steps] = [1, 2, 3].map((index) => numbersAt(call, index));
  const shape = sizesOf(call);
  const has = (name: string, axis: number) =>
    Math.floor(call.attributes.number(name, 0) / 2 ** axis) % 2 === 1;
  const mask = (name: string) => call.attributes.number(name, 0);
  if (mask('ellipsis_mask') + mask('new_axis_mask') !== 0) fail(call, 'with such a mask');
  const taken = starts.reduce<Value>((value, start, axis) => {
    const whole = shape[axis] ?? fail(call, `of [${shape}]`);
    if (has('shrink_axis_mask', axis))
      return part(call, value, axis, start < 0 ? start + whole : start, 1);
    const from = has('begin_mask', axis) ? 0 : start;
    const to = has('end_mask', axis) ? whole : ends[axis];
    const [first, size] = operators.span(whole, from, to);
    if (steps[axis] === 1) return part(call, value, axis, first, size);
    if (!isConstant(value)) return fail(call, `by steps of ${steps[axis]}`);
    return partOf(value, axis, first, size, steps[axis]);
  }, call.inputs[0] ?? fail(call, 'without an input'));
  const left = (sizes: readonly number[]) =>
    sizes.filter((_, axis) => !has('shrink_axis_mask', axis));
  if (isConstant(taken)) return constant(left(taken.shape), taken.values);
  const view = viewAt({ ...call, inputs: [taken] });
  return on.reshapedTo(call, view, left(shapeOf(view)));
}

/** Equal parts of an axis. */
function split(call: Call): Value[] {
  const [given] = numbersAt(call, 0);
  const [, input] = call.inputs;
  const value = input ?? fail(call, 'without an input');
  const shape = sizesOf({ ...call, inputs: [value] });
  const axis = axisOf(given, shape.length);
  const count = call.attributes.number('num_split', 1);
  const size = shape[axis] / count;
  return Array.from({ length: count }, (_, i) => part(call, value, axis, i * size, size));
}

function gather(call: Call): Value {
  const [input] = call.inputs;
  const [axis] = call.inputs.length > 2 ? numbersAt(call, 2) : [0];
  const indices = constantAt(call, 1);
  if (isConstant(input)) return gatherAxis(input, indices, axis);
  if (indices.values.length !== 1 || indices.shape.length !== 0) fail(call, 'of several positions');
  return on.picked(call, viewAt(call), axis, indices.values[0]);
}

function pack(call: Call): Constant {
  const parts = call.inputs.map((_, i) => constantAt(call, i));
  if (call.attributes.number('axis', 0) !== 0) fail(call, 'along another axis than the first');
  return concatenate(
    parts.map(({ shape, values }) => constant([1, ...shape], values)),
    0,
  );
}

function pass(call: Call): Value {
  return call.inputs[0] ?? fail(call, 'without an input');
}

/** A product with bias and activation in one operator, as TensorFlow.js's converter writes it. */
function fused(start: (call: Call) => Value): TensorflowOperator {
  return (call) =>
    call.attributes.strings('fused_ops').reduce<Value>((value, op, i) => {
      const inputs = op === 'BiasAdd' ? [value, call.inputs[2]] : [value, call.inputs[2 + i]];
      const operator = Object.hasOwn(OPERATORS, op) ? OPERATORS[op] : undefined;
      const result = operator?.({ ...call, inputs });
      return result && 'kind' in result ? result : fail(call, `fused with ${op}`);
    }, start(call));
}

const rsqrt = (call: Call, view: View) =>
  on.activated(call, on.activated(call, view, 'sqrt'), 'reciprocal');

export const OPERATORS: Readonly<Record<string, TensorflowOperator>> = {
  Conv2D: conv2d,
  DepthwiseConv2dNative: depthwise,
  MatMul: matMul,
  BatchMatMul: matMul,
  BatchMatMulV2: matMul,
  Einsum: (call) => on.einsum(call, call.attributes.string('equation', '')),
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  _FusedConv2D: fused(conv2d),
  FusedDepthwiseConv2dNative: fused(depthwise),
  _FusedMatMul: fused(matMul),

  BiasAdd: addition,
  Add: addition,
  AddV2: addition,
  AddN: (call) =>
    call.inputs
      .slice(1)
      .reduce<Value>((sum, next) => addition({ ...call, inputs: [sum, next] }), pass(call)),
  Sub: on.arithmetic('subtract'),
  Mul: on.arithmetic('multiply'),
  RealDiv: on.arithmetic('divide'),
  SquaredDifference: (call) => {
    const difference = on.arithmetic('subtract')(call);
    const inputs = [difference, difference];
    return on.arithmetic('multiply')({ ...call, inputs });
  },
  Rsqrt: unary((x) => 1 / Math.sqrt(x), rsqrt),
  Square: unary(
    (x) => x * x,
    (call, view) => on.power(call, view, 2),
  ),
  Pow: (call) => {
    const exponent = constantAt(call, 1);
    return on.power(call, viewAt(call), exponent.values[0]);
  },
  Neg: unary(
    (x) => -x,
    (call, view) => on.multiplied(call, view, scalar(-1)),
  ),
  Erfc: (call) => {
    const below = on.activated(call, viewAt(call), 'erf');
    return on.scaled(call, below, scalar(-1), scalar(1));
  },
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,

  ...operators.nonlinearOperators(nonlinearitiesBy('savedModel'), nonlinear),
  Rint: nonlinear('round'),
  LeakyRelu: (call) =>
    on.elementwise(call, viewAt(call), {
      kind: 'leaky-relu',
      slope: call.attributes.number('alpha', 0.2),
    }),
  Prelu: (call) => on.parametric(call, viewAt(call), constantAt(call, 1)),
  Softmax: (call) => on.softmax(call, -1),
  LogSoftmax: (call) => on.softmax(call, -1),

  MaxPool: pool('max-pool'),
  AvgPool: pool('average-pool'),
  Max: reduce('max'),
  Mean: reduce('mean'),
  Sum: reduce('mean', (count) => count),
  Pad: pad,
  PadV2: pad,
  ConcatV2: concat,

  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: permute,
  Slice: slice,
  StridedSlice: stridedSlice,
  Split: split,
  Cast: pass,
  Shape: (call) => vector(sizesOf(call)),
  Fill: (call) => constant(numbersAt(call, 0), [numbersAt(call, 1)[0]]),
  Pack: pack,
  Prod: (call) => scalar(numbersAt(call, 0).reduce((all, size) => all * size, 1)),
  GatherV2: gather,
  Maximum: (call) => operators.combined(call, constantAt(call, 0), constantAt(call, 1), Math.max),
};
