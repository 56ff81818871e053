/** What the importers of all formats have in common when they turn operators into layers. */
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import { type Constant, combine, map, resolveShape, withShape } from './constants.ts';
import { unsupported } from './errors.ts';
import type { NetworkBuilder } from './network-builder.ts';
import type { View } from './view.ts';

/** Any value that a graph computes with at import. */
export interface AnyValue {
  readonly kind: string;
}

/** An operator as it is met, with the names its format gives it. */
export interface Call<V extends AnyValue = AnyValue> {
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

export function isConstant(value: AnyValue | undefined): value is Constant {
  return value?.kind === 'constant';
}

export function isView(value: AnyValue | undefined): value is View {
  return value?.kind === 'view';
}

/** The input that depends on the image. */
export function viewAt(call: Call, index = 0): View {
  const value = call.inputs[index];
  if (isView(value)) return value;
  return fail(call, value?.kind === 'probabilities' ? 'it follows a softmax' : 'of this input');
}

/** The input that must be a constant. */
export function constantAt(call: Call, index: number): Constant {
  const value = call.inputs[index];
  return isConstant(value) ? value : fail(call, `its input ${index} is not a constant`);
}

/** The numbers of the input that must be a constant. */
export function numbersAt(call: Call, index: number): number[] {
  return Array.from(constantAt(call, index).values);
}

/** The input that must be the kernel of a convolution. */
export function kernelAt(call: Call, index: number): Constant {
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
  return withShape(value, resolveShape(sizes, value.values.length));
}

/** A shape without these axes of size 1; without any of them where none are named. */
export function squeezedShape(
  shape: readonly number[],
  axes: readonly number[] | undefined,
): number[] {
  const drop = axes?.map((axis) => axisOf(axis, shape.length));
  return shape.filter((size, i) => size !== 1 || (drop && !drop.includes(i)));
}

/** A shape with one more axis of size 1 at each of these places of the result. */
export function expandedShape(shape: readonly number[], axes: readonly number[]): number[] {
  const rank = shape.length + axes.length;
  const places = axes.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
  return places.reduce<number[]>((sizes, place) => sizes.toSpliced(place, 0, 1), [...shape]);
}

/** Positions `start` to `end` along the axis, as slices count them: from the end if negative. */
export function span(whole: number, start: number, end: number): readonly [number, number] {
  const inside = (position: number) =>
    Math.min(whole, Math.max(0, position < 0 ? position + whole : position));
  const first = inside(start);
  return [first, Math.max(0, inside(end) - first)];
}

/** To the nearest integer, halves to the even one, as both formats round. */
const roundToEven = (x: number): number =>
  Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);

/** The nonlinearities that graphs apply to constants too. */
export const ON_CONSTANTS: Partial<Record<Nonlinearity, (x: number) => number>> = {
  sqrt: Math.sqrt,
  exp: Math.exp,
  reciprocal: (x) => 1 / x,
  round: roundToEven,
  floor: Math.floor,
  ceil: Math.ceil,
  sign: Math.sign,
};

/** One operator for each nonlinearity, by the names of a format. */
export function nonlinearOperators<Operator>(
  names: ReadonlyMap<string, Nonlinearity>,
  make: (activation: Nonlinearity) => Operator,
): Record<string, Operator> {
  return Object.fromEntries(Array.from(names, ([name, activation]) => [name, make(activation)]));
}

/** An operator on two constants. */
export function combined(
  call: Call,
  a: Constant,
  b: Constant,
  compute: (x: number, y: number) => number,
): Constant {
  return combine(a, b, compute) ?? fail(call, `of [${a.shape}] and [${b.shape}]`);
}

/** An operator on one constant. */
export function computed(compute: (x: number) => number) {
  return (call: Call): Constant => map(constantAt(call, 0), compute);
}
