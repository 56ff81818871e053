/** ONNX's operators that move numbers, or give them other axes. */
import {
  broadcast,
  type Constant,
  concatenate,
  gatherAxis,
  partOf,
  transpose,
  withShape,
} from './constants.ts';
import { listed, type OnnxCall, type OnnxOperator, type OnnxValue } from './onnx-call.ts';
import * as operators from './operators.ts';
import { ANY_BATCH, isBatchAxis, shapeOf, type View } from './view.ts';
import * as on from './view-operators.ts';

const { axisOf, constantAt, fail, isConstant, numbersAt, viewAt } = operators;

type Call = OnnxCall;

/** An operator that gives the input other axes; of a softmax, its logits'. */
function rearranging(
  ofConstant: (call: Call, input: Constant) => Constant,
  ofView: (call: Call, view: View) => View,
): OnnxOperator {
  return (call) => {
    const [input] = call.inputs;
    if (isConstant(input)) return ofConstant(call, input);
    if (input?.kind !== 'probabilities') return ofView(call, viewAt(call));
    return { kind: 'probabilities', logits: ofView(call, input.logits) };
  };
}

/** The target of a reshape, where 0 stands for the input's own size. */
function target(call: Call, shape: readonly number[]): number[] {
  const copies = call.attributes.integer('allowzero', 0) === 0;
  return numbersAt(call, 1).map((size, i) => (size === 0 && copies ? shape[i] : size));
}

const reshape = rearranging(
  (call, input) => operators.reshaped(input, target(call, input.shape)),
  (call, view) => on.reshapedTo(call, view, target(call, shapeOf(view))),
);

const squeeze = rearranging(
  (call, input) => {
    const shape = operators.squeezedShape(input.shape, listed(call, 1, 'axes'));
    return withShape(input, shape);
  },
  (call, view) => {
    const shape = operators.squeezedShape(shapeOf(view), listed(call, 1, 'axes'));
    return on.reshapedTo(call, view, shape);
  },
);

const unsqueeze = rearranging(
  (call, input) => {
    const shape = operators.expandedShape(input.shape, listed(call, 1, 'axes') ?? []);
    return withShape(input, shape);
  },
  (call, view) => {
    const shape = operators.expandedShape(shapeOf(view), listed(call, 1, 'axes') ?? []);
    return on.reshapedTo(call, view, shape);
  },
);

function order(call: Call, rank: number): number[] {
  const backwards = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return call.attributes.integers('perm') ?? backwards;
}

const permute = rearranging(
  (call, input) => transpose(input, order(call, input.shape.length)),
  (call, view) => on.permuted(call, view, order(call, view.axes.length)),
);

const flatten = rearranging(
  (call, input) =>
    operators.reshaped(input, [-1, ...input.shape.slice(call.attributes.integer('axis', 1))]),
  (call, view) => {
    const axis = axisOf(call.attributes.integer('axis', 1), view.axes.length);
    const shape = shapeOf(view);
    const count = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
    return on.reshapedTo(call, view, [count(shape.slice(0, axis)), count(shape.slice(axis))]);
  },
);

function concat(call: Call): OnnxValue {
  const axis = call.attributes.integer('axis', 1);
  const parts = call.inputs.filter(isConstant);
  return parts.length === call.inputs.length
    ? concatenate(parts, axis)
    : on.concatenated(call, axis);
}

function slice(call: Call): OnnxValue {
  const { attributes } = call;
  const at = (index: number, name: string) => listed(call, index, name);
  const starts = at(1, 'starts') ?? [];
  const ends = at(2, 'ends') ?? [];
  const axes = at(3, 'axes') ?? starts.map((_, i) => i);
  const steps = call.inputs[4] ? numbersAt(call, 4) : (attributes.integers('steps') ?? []);
  const [input] = call.inputs;
  return (
    axes.reduce<OnnxValue | undefined>((value, given, i) => {
      const shape = isConstant(value) ? value.shape : shapeOf(viewAt({ ...call, inputs: [value] }));
      const axis = axisOf(given, shape.length);
      const [start, size] = operators.span(shape[axis], starts[i], ends[i]);
      const step = steps[i] ?? 1;
      if (isConstant(value)) return partOf(value, axis, start, size, step);
      if (step !== 1) fail(call, `by steps of ${step}`);
      const view = viewAt({ ...call, inputs: [value] });
      if (isBatchAxis(view, axis) && start === 0 && size === shape[axis]) return view;
      return on.sliced(call, view, axis, start, size);
    }, input) ?? fail(call, 'without an input')
  );
}

function split(call: Call): OnnxValue[] {
  const [input] = call.inputs;
  const shape = isConstant(input) ? input.shape : shapeOf(viewAt(call));
  const axis = axisOf(call.attributes.integer('axis', 0), shape.length);
  const whole = shape[axis] ?? 0;
  const parts = call.outputs;
  const equal = Math.ceil(whole / parts);
  const sizes =
    listed(call, 1, 'split') ??
    Array.from({ length: parts }, (_, i) => Math.min(equal, whole - i * equal));
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return isConstant(input)
      ? partOf(input, axis, start - size, size, 1)
      : on.sliced(call, viewAt(call), axis, start - size, size);
  });
}

function gather(call: Call): OnnxValue {
  const indices = constantAt(call, 1);
  const [input] = call.inputs;
  const axis = call.attributes.integer('axis', 0);
  if (isConstant(input)) return gatherAxis(input, indices, axis);
  const view = viewAt(call);
  const { values, shape } = indices;
  const [first] = values;
  const whole = shapeOf(view)[axisOf(axis, view.axes.length)];
  // What PyTorch writes for the order of channels in memory, which is no part of an ONNX graph.
  if (view.axes.length === 1 && whole === values.length && values.every((at, i) => at === i)) {
    return on.reshapedTo(call, view, shape);
  }
  if (shape.length === 0) return on.picked(call, view, axis, first);
  const isRun = shape.length === 1 && values.every((value, i) => value === first + i);
  return isRun ? on.sliced(call, view, axis, first, values.length) : fail(call, `of [${values}]`);
}

/** A constant is the same for all images, so it keeps one position where the batch would be. */
export function spread(call: Call, value: Constant, sizes: readonly number[]): Constant {
  const shape = sizes.map((size) => (size === ANY_BATCH ? 1 : size));
  return broadcast(value, shape) ?? fail(call, `of [${value.shape}] to [${sizes}]`);
}

function expand(call: Call): OnnxValue {
  const sizes = numbersAt(call, 1);
  const [input] = call.inputs;
  if (isConstant(input)) return spread(call, input, sizes);
  const view = viewAt(call);
  const shape = shapeOf(view);
  const fits = sizes.every(
    (size, i) => size === 1 || size === shape[shape.length - sizes.length + i],
  );
  return fits ? view : fail(call, `of [${shape}] to [${sizes}]`);
}

export const MOVEMENTS: Readonly<Record<string, OnnxOperator>> = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Flatten: flatten,
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: permute,
  Expand: expand,
};
