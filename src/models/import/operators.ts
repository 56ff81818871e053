/** What the importers of all formats have in common when they turn operators into layers. */
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import { type Constant, combine, constant, map, resolveShape } from './constants.ts';
import { unsupported } from './errors.ts';
import type { NetworkBuilder } from './network-builder.ts';

/** Any value that a graph computes with at import. */
interface Value {
  readonly kind: string;
}

/** An operator as it is met, with the names its format gives it. */
export interface Call<V extends Value> {
  readonly operator: string;
  /** The node, for messages. */
  readonly node: string;
  readonly inputs: readonly (V | undefined)[];
  readonly builder: NetworkBuilder;
}

/** @throws ImportError that names the operator, always */
export function fail(
  { operator, node }: { readonly operator: string; readonly node: string },
  reason: string,
): never {
  throw unsupported(operator, node, reason);
}

export function isConstant(value: Value | undefined): value is Constant {
  return value?.kind === 'constant';
}

function isView<V extends Value>(value: V | undefined): value is Extract<V, { kind: 'view' }> {
  return value?.kind === 'view';
}

/** The input that depends on the image. */
export function viewAt<V extends Value>(call: Call<V>, index = 0): Extract<V, { kind: 'view' }> {
  const value = call.inputs[index];
  if (isView(value)) return value;
  return fail(call, value?.kind === 'probabilities' ? 'it follows a softmax' : 'of this input');
}

/** The input that must be a constant. */
export function constantAt<V extends Value>(call: Call<V>, index: number): Constant {
  const value = call.inputs[index];
  return isConstant(value) ? value : fail(call, `its input ${index} is not a constant`);
}

/** The numbers of the input that must be a constant. */
export function numbersAt<V extends Value>(call: Call<V>, index: number): number[] {
  return Array.from(constantAt(call, index).values);
}

/** The input that must be the kernel of a convolution. */
export function kernelAt<V extends Value>(call: Call<V>, index: number): Constant {
  const value = constantAt(call, index);
  if (value.shape.length !== 4) fail(call, `a kernel of shape [${value.shape}]`);
  return value;
}

/** Whether these can be rows and columns of a window, strides or dilations. */
export function arePositive(sizes: readonly number[]): boolean {
  return sizes.every((size) => Number.isInteger(size) && size > 0 && size < 1e6);
}

/** Whether these can be numbers of rows and columns of zeros. */
export function arePadding(sizes: readonly number[]): boolean {
  return sizes.every((size) => Number.isInteger(size) && size >= 0 && size < 1e4);
}

/** An axis counted from the front; -1 is the last one. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** A constant in another shape, of which one size may be -1. */
export function reshaped(value: Constant, sizes: readonly number[]): Constant {
  return constant(resolveShape(sizes, value.values.length), value.values);
}

/** A constant without these axes of size 1; without any of them where none are named. */
export function squeezed(value: Constant, axes: readonly number[] | undefined): Constant {
  const drop = axes?.map((axis) => axisOf(axis, value.shape.length));
  const left = value.shape.filter((size, i) => size !== 1 || (drop && !drop.includes(i)));
  return constant(left, value.values);
}

/** A constant with one more axis of size 1. */
export function expanded(value: Constant, axis: number): Constant {
  const position = axisOf(axis, value.shape.length + 1);
  return constant(value.shape.toSpliced(position, 0, 1), value.values);
}

/** Elements of a constant vector, such as a shape. */
export function gather<V extends Value>(call: Call<V>): Constant {
  const input = constantAt(call, 0);
  if (input.shape.length !== 1) fail(call, 'of more than a vector');
  return map(constantAt(call, 1), (i) => input.values.at(i) ?? fail(call, 'outside of its input'));
}

type Numbers = ArrayLike<number>;
/** Scale and offset of `x * scale + offset` for the constant operand; one number serves all. */
export type ScaleAndOffset = (operand: Numbers) => readonly [scale: Numbers, offset: Numbers];

interface Arithmetic {
  readonly compute: (x: number, y: number) => number;
  /** Where the constant is the second operand. */
  readonly second: ScaleAndOffset;
  /** Where it is the first. */
  readonly first?: ScaleAndOffset;
  /** The layer that does the same with two features. */
  readonly join?: 'add' | 'multiply';
}

const negated = (values: Numbers) => Array.from(values, (x) => -x);

const ARITHMETIC = {
  add: { compute: (x, y) => x + y, second: (c) => [[1], c], first: (c) => [[1], c], join: 'add' },
  subtract: {
    compute: (x, y) => x - y,
    second: (c) => [[1], negated(c)],
    first: (c) => [[-1], c],
  },
  multiply: {
    compute: (x, y) => x * y,
    second: (c) => [c, [0]],
    first: (c) => [c, [0]],
    join: 'multiply',
  },
  divide: { compute: (x, y) => x / y, second: (c) => [Array.from(c, (x) => 1 / x), [0]] },
} satisfies Record<string, Arithmetic>;

/** How a format applies arithmetic to what depends on the image. */
interface ArithmeticRules<C, V> {
  /** `x * scale + offset` of the input at `index`, for the constant that is the other operand. */
  scale(call: C, index: number, operand: Constant, parts: ScaleAndOffset): V;
  /** Both inputs joined by a layer. */
  join(call: C, kind: 'add' | 'multiply'): V;
}

/** The four operators on two inputs, for a format with these rules. */
export function arithmeticFor<V extends Value, C extends Call<V>>(rules: ArithmeticRules<C, V>) {
  return (name: keyof typeof ARITHMETIC) => {
    const { compute, second, first, join }: Arithmetic = ARITHMETIC[name];
    return (call: C): V | Constant => {
      const [a, b] = call.inputs;
      if (isConstant(a) && isConstant(b)) {
        return combine(a, b, compute) ?? fail(call, `of [${a.shape}] and [${b.shape}]`);
      }
      if (isView(a) && isConstant(b)) return rules.scale(call, 0, b, second);
      if (isConstant(a) && isView(b) && first) return rules.scale(call, 1, a, first);
      if (isView(a) && isView(b) && join) return rules.join(call, join);
      const afterSoftmax = [a, b].some((input) => input?.kind === 'probabilities');
      return fail(call, afterSoftmax ? 'it follows a softmax' : 'of these inputs');
    };
  };
}

/** One operator for each nonlinearity, by the names of a format. */
export function nonlinearOperators<Operator>(
  names: ReadonlyMap<string, Nonlinearity>,
  make: (activation: Nonlinearity) => Operator,
): Record<string, Operator> {
  return Object.fromEntries(Array.from(names, ([name, activation]) => [name, make(activation)]));
}
