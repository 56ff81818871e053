/** ONNX's operators that compute constants, such as shapes and dequantized weights. */
import {
  asInteger,
  type Constant,
  constant,
  map,
  range,
  scalar,
  vector,
  withShape,
} from './constants.ts';
import type { OnnxCall, OnnxOperator, OnnxValue } from './onnx-call.ts';
import { spread } from './onnx-movement.ts';
import * as operators from './operators.ts';
import { shapeOf } from './view.ts';

const { axisOf, computed, constantAt, fail, isConstant, numbersAt, viewAt } = operators;

type Call = OnnxCall;

const ROUNDS =
  'it rounds what it computes, so gradients vanish: export the model before quantization';

/** The numbers of a constant along one axis of its input, as `[n, 1, …]`, or one for all. */
export function along(call: Call, value: Constant, axis: number, rank: number): Constant {
  if (value.values.length === 1) return scalar(value.values[0]);
  if (axis >= rank) fail(call, `along the axis ${axis}`);
  const shape = new Array<number>(rank - axis).fill(1).with(0, value.values.length);
  return constant(shape, value.values);
}

function dequantize(call: Call): OnnxValue {
  const [input] = call.inputs;
  if (!isConstant(input)) return fail(call, ROUNDS);
  const rank = input.shape.length;
  const axis = axisOf(call.attributes.integer('axis', 1), rank);
  const scale = along(call, constantAt(call, 1), axis, rank);
  const zero = call.inputs[2] ? along(call, constantAt(call, 2), axis, rank) : scalar(0);
  const moved = operators.combined(call, input, zero, (x, z) => x - z);
  return operators.combined(call, moved, scale, (x, s) => x * s);
}

function cast(call: Call): OnnxValue {
  const [input] = call.inputs;
  const type = call.attributes.integer('to', 1);
  const isFloat = [1, 10, 11, 16].includes(type);
  if (isConstant(input)) {
    const values = isFloat ? input : map(input, type === 9 ? Boolean : Math.trunc);
    return asInteger(values, !isFloat);
  }
  return input && isFloat ? input : fail(call, `to the type ${type}`);
}

function where(call: Call): OnnxValue {
  const [condition, left, right] = [0, 1, 2].map((i) => constantAt(call, i));
  const chosen = operators.combined(call, condition, left, (c, x) => (c ? x : Number.NaN));
  const other = operators.combined(call, condition, right, (c, x) => (c ? Number.NaN : x));
  return operators.combined(call, chosen, other, (x, y) => (Number.isNaN(x) ? y : x));
}

function compare(f: (x: number, y: number) => boolean): OnnxOperator {
  return (call) =>
    operators.combined(call, constantAt(call, 0), constantAt(call, 1), (x, y) => Number(f(x, y)));
}

export const CONSTANTS: Readonly<Record<string, OnnxOperator>> = {
  DequantizeLinear: dequantize,
  QuantizeLinear: (call) => fail(call, ROUNDS),
  Constant: (call) => call.attributes.constant() ?? fail(call, 'without a value'),
  ConstantOfShape: (call) => {
    const value = call.attributes.tensor('value') ?? scalar(0);
    const one = withShape({ ...value, values: value.values.slice(0, 1) }, []);
    return spread(call, one, numbersAt(call, 0));
  },
  Shape: (call) => {
    const [input] = call.inputs;
    const shape = isConstant(input) ? input.shape : shapeOf(viewAt(call));
    const { attributes } = call;
    const [start, end] = [attributes.integer('start', 0), attributes.integer('end', shape.length)];
    return asInteger(vector(shape.slice(start, end)));
  },
  Range: (call) => {
    const [start, limit, step] = [0, 1, 2].map((i) => numbersAt(call, i)[0]);
    return range(start, limit, step);
  },
  Cast: cast,
  Where: where,
  Equal: compare((x, y) => x === y),
  Less: compare((x, y) => x < y),
  Greater: compare((x, y) => x > y),
  Not: computed((x) => Number(!x)),
  Mod: (call) =>
    operators.combined(call, constantAt(call, 0), constantAt(call, 1), (x, y) =>
      call.attributes.integer('fmod', 0) !== 0 ? x % y : x - y * Math.floor(x / y),
    ),
};
