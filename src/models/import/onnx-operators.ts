/** What each ONNX operator becomes: a constant, a view of a feature, or a layer. */
import { nonlinearitiesBy } from '../layers/activation.ts';
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import type { Reduction } from '../layers/reductions.ts';
import { type Constant, map, scalar } from './constants.ts';
import { listed, type OnnxCall, type OnnxOperator, type OnnxValue } from './onnx-call.ts';
import { along, CONSTANTS } from './onnx-constants.ts';
import { MOVEMENTS } from './onnx-movement.ts';
import { convolve, pad, pool } from './onnx-windows.ts';
import * as operators from './operators.ts';
import { shapeOf, type View } from './view.ts';
import * as on from './view-operators.ts';

const { axisOf, constantAt, fail, isConstant, isView, numbersAt, viewAt } = operators;

type Call = OnnxCall;

function gemm(call: Call): View | Constant {
  const { attributes } = call;
  const [alpha, beta] = [attributes.float('alpha', 1), attributes.float('beta', 1)];
  const turned = (name: string) => attributes.integer(name, 0) !== 0;
  const given = call.inputs[1];
  const right = isConstant(given) ? map(given, (x) => alpha * x) : given;
  if (!isConstant(given) && alpha !== 1) fail(call, 'of two computed matrices with alpha');
  const inputs = [call.inputs[0], right];
  const found = on.matmul({ ...call, inputs }, [turned('transA'), turned('transB')]);
  if (call.inputs[2] === undefined || !isView(found)) return found;
  const bias = map(constantAt(call, 2), (x) => beta * x);
  return on.shifted(call, found, bias);
}

function batchNorm(call: Call): View {
  const input = viewAt(call);
  if (call.attributes.integer('training_mode', 0) !== 0) fail(call, 'in training mode');
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => constantAt(call, i));
  const epsilon = call.attributes.float('epsilon', 1e-5);
  const scale = map(gamma, (x, i) => x / Math.sqrt(variance.values[i] + epsilon));
  const offset = map(beta, (x, i) => x - mean.values[i] * scale.values[i]);
  const rank = input.axes.length;
  return on.scaled(call, input, along(call, scale, 1, rank), along(call, offset, 1, rank));
}

/** Standardizes over all axes from this one on, then scales. */
function layerNorm(call: Call, first: number, scaleAxis: number): View {
  const view = viewAt(call);
  const rank = view.axes.length;
  const axes = view.axes.flatMap((_, i) => (i >= axisOf(first, rank) ? [i] : []));
  const epsilon = call.attributes.float('epsilon', 1e-5);
  const standard = on.standardized(call, view, axes, epsilon);
  const [scale, offset] = [1, 2].map((i) =>
    call.inputs[i] ? constantAt(call, i) : scalar(i === 1 ? 1 : 0),
  );
  const spread = (value: Constant) => (scaleAxis === 1 ? along(call, value, 1, rank) : value);
  return on.scaled(call, standard, spread(scale), spread(offset));
}

function nonlinear(activation: Nonlinearity): OnnxOperator {
  return (call) => {
    if (activation === 'elu' && call.attributes.float('alpha', 1) !== 1) fail(call, 'with alpha');
    const [input] = call.inputs;
    if (!isConstant(input)) return on.activated(call, viewAt(call), activation);
    const compute = operators.ON_CONSTANTS[activation];
    return compute ? map(input, compute) : fail(call, 'of a constant');
  };
}

function clip(call: Call): OnnxValue {
  const bound = (index: number, name: string, otherwise: number) =>
    call.inputs[index] ? numbersAt(call, index)[0] : call.attributes.float(name, otherwise);
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const high = bound(2, 'max', Number.POSITIVE_INFINITY);
  const [input] = call.inputs;
  if (isConstant(input)) return map(input, (x) => Math.min(high, Math.max(low, x)));
  const view = viewAt(call);
  if (low === 0 && !(high < 3e38)) return on.activated(call, view, 'relu');
  if (!(high > low && low > -3e38 && high < 3e38)) fail(call, `to [${low}, ${high}]`);
  // relu6 is the one function here with two bounds.
  const scale = (high - low) / 6;
  const moved = on.scaled(call, view, scalar(1 / scale), scalar(-low / scale));
  return on.scaled(call, on.activated(call, moved, 'relu6'), scalar(scale), scalar(low));
}

function prelu(call: Call): View {
  const view = viewAt(call);
  const slope = constantAt(call, 1);
  if (slope.values.length === 1) {
    return on.elementwise(call, view, { kind: 'leaky-relu', slope: slope.values[0] });
  }
  return on.parametric(call, view, slope);
}

function reduce(reduction: Reduction, scale: (count: number) => number = () => 1): OnnxOperator {
  return (call) => {
    const [input] = call.inputs;
    const given = listed(call, 1, 'axes');
    if (isConstant(input)) return fail(call, 'of a constant');
    const view = viewAt(call);
    const rank = view.axes.length;
    const axes = (given ?? view.axes.map((_, i) => i)).map((axis) => axisOf(axis, rank));
    const found = on.reduced(call, view, axes, reduction);
    const count = axes.reduce((all, axis) => all * shapeOf(view)[axis], 1);
    const result = scale(count) === 1 ? found : on.multiplied(call, found, scalar(scale(count)));
    if (call.attributes.integer('keepdims', 1) !== 0) return result;
    const kept = shapeOf(view).filter((_, i) => !axes.includes(i));
    return on.reshapedTo(call, result, kept);
  };
}

function globalPool(reduction: Reduction): OnnxOperator {
  return (call) => on.reduced(call, viewAt(call), [2, 3], reduction);
}

function softmax(call: Call): OnnxValue {
  const rank = viewAt(call).axes.length;
  const axis = call.attributes.integer('axis', call.opset < 13 ? 1 : -1);
  // Before version 13, all axes from this one on were one.
  if (call.opset < 13 && axisOf(axis, rank) !== rank - 1) {
    const wide = shapeOf(viewAt(call)).slice(axisOf(axis, rank) + 1);
    if (wide.some((size) => size !== 1)) fail(call, `along the axes from ${axis} on`);
  }
  return on.softmax(call, axis);
}

function power(call: Call): OnnxValue {
  const [input] = call.inputs;
  const exponent = constantAt(call, 1);
  if (isConstant(input)) return operators.combined(call, input, exponent, Math.pow);
  const [first] = exponent.values;
  if (exponent.values.length !== 1) fail(call, `to the powers [${exponent.shape}]`);
  return on.power(call, viewAt(call), first);
}

function negative(call: Call): OnnxValue {
  const [input] = call.inputs;
  return isConstant(input) ? map(input, (x) => -x) : on.multiplied(call, viewAt(call), scalar(-1));
}

const pass: OnnxOperator = (call) => call.inputs[0] ?? fail(call, 'without an input');

const hardSigmoid = (call: Call) =>
  on.hardSigmoid(
    call,
    viewAt(call),
    call.attributes.float('alpha', 0.2),
    call.attributes.float('beta', 0.5),
  );

export const ONNX_OPERATORS: Readonly<Record<string, OnnxOperator>> = {
  Conv: convolve,
  Gemm: gemm,
  MatMul: (call) => on.matmul(call),
  Einsum: (call) => on.einsum(call, call.attributes.string('equation', '')),
  BatchNormalization: batchNorm,
  LayerNormalization: (call) => layerNorm(call, call.attributes.integer('axis', -1), -1),
  InstanceNormalization: (call) => layerNorm(call, 2, 1),

  Add: on.arithmetic('add'),
  Sub: on.arithmetic('subtract'),
  Mul: on.arithmetic('multiply'),
  Div: (call) => {
    const [a, b] = call.inputs;
    return isConstant(a) && isConstant(b) && a.integer && b.integer
      ? operators.combined(call, a, b, (x, y) => Math.trunc(x / y))
      : on.arithmetic('divide')(call);
  },
  Sum: (call) =>
    call.inputs
      .slice(1)
      .reduce<OnnxValue>(
        (sum, next) => on.arithmetic('add')({ ...call, inputs: [sum, next] }),
        pass(call) as OnnxValue,
      ),
  Neg: negative,
  Pow: power,

  ...operators.nonlinearOperators(nonlinearitiesBy('onnx'), nonlinear),
  LeakyRelu: (call) =>
    on.elementwise(call, viewAt(call), {
      kind: 'leaky-relu',
      slope: call.attributes.float('alpha', 0.01),
    }),
  PRelu: prelu,
  Clip: clip,
  HardSigmoid: hardSigmoid,
  HardSwish: (call) => {
    const view = viewAt(call);
    return on.joined(call, 'multiply', view, on.hardSigmoid(call, view, 1 / 6, 0.5));
  },
  Gelu: (call) =>
    on.gelu(call, viewAt(call), call.attributes.string('approximate', 'none') === 'tanh'),
  Softmax: softmax,
  LogSoftmax: softmax,

  MaxPool: pool('max-pool'),
  AveragePool: pool('average-pool'),
  GlobalMaxPool: globalPool('max'),
  GlobalAveragePool: globalPool('mean'),
  ReduceMean: reduce('mean'),
  ReduceSum: reduce('mean', (count) => count),
  ReduceMax: reduce('max'),
  Pad: pad,

  Identity: pass,
  Dropout: pass,
  ...MOVEMENTS,
  ...CONSTANTS,
};
