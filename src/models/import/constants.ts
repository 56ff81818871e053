/**
 * Arithmetic on constants, as far as graphs use it to prepare weights and shapes: batch
 * normalization written out as rsqrt and mul, or `Shape -> Slice -> Pack -> Reshape`.
 */
import { damaged } from './errors.ts';

/** A tensor known at import, row-major. Integers are held as they are (exact to 2^53). */
export interface Constant {
  readonly kind: 'constant';
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

/** A file may claim any shape; no constant may have more elements than this. */
const MAX_ELEMENTS = 2 ** 26;

/**
 * The number of elements of a shape.
 * @throws ImportError when a size is negative or the product is beyond any image classifier
 */
export function elementsOf(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (!shape.every((size) => Number.isInteger(size) && size >= 0) || count > MAX_ELEMENTS) {
    throw damaged(`a tensor of shape [${shape}] is not possible here`);
  }
  return count;
}

/** @throws ImportError when the values do not fill the shape; one value fills any shape */
export function constant(
  shape: readonly number[],
  values: Float32Array | Float64Array | readonly number[],
): Constant {
  const count = elementsOf(shape);
  const typed =
    values instanceof Float32Array || values instanceof Float64Array
      ? values
      : Float64Array.from(values);
  if (typed.length === count) return { kind: 'constant', shape, values: typed };
  if (typed.length === 1) {
    return { kind: 'constant', shape, values: new Float64Array(count).fill(typed[0]) };
  }
  throw damaged(`a tensor of shape [${shape}] has ${typed.length} values`);
}

export function scalar(value: number): Constant {
  return constant([], [value]);
}

/** A one-dimensional constant of integers, such as a shape. */
export function vector(values: readonly number[]): Constant {
  return constant([values.length], values);
}

export function float32(value: Constant): Float32Array {
  return value.values instanceof Float32Array ? value.values : Float32Array.from(value.values);
}

export function map(a: Constant, f: (x: number) => number): Constant {
  return constant(a.shape, Float64Array.from(a.values, f));
}

/** Row-major strides. */
function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/**
 * Visits every index of `shape` in order, with the offsets that it has under the given strides.
 */
function gatherBy(
  shape: readonly number[],
  strides: readonly number[],
  read: (offset: number) => number,
  start = 0,
): Float64Array {
  const values = new Float64Array(elementsOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let offset = start;
  for (let i = 0; i < values.length; i++) {
    values[i] = read(offset);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return values;
}

/** Spreads axes of size 1 to `shape`, by NumPy's rule. */
function broadcastTo(a: Constant, shape: readonly number[]): Constant {
  const padded = [...new Array<number>(shape.length - a.shape.length).fill(1), ...a.shape];
  const own = stridesOf(padded);
  const strides = padded.map((size, axis) => (size === 1 ? 0 : own[axis]));
  return constant(
    shape,
    gatherBy(shape, strides, (offset) => a.values[offset]),
  );
}

/** The shape that two shapes spread to, or undefined where they do not fit. */
function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const sizes = Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    return left === right || right === 1 ? left : left === 1 ? right : -1;
  });
  return sizes.includes(-1) ? undefined : sizes;
}

/** An element-wise operation of two constants. */
export function combine(
  a: Constant,
  b: Constant,
  f: (x: number, y: number) => number,
): Constant | undefined {
  const shape = broadcastShape(a.shape, b.shape);
  if (shape === undefined) return undefined;
  const left = broadcastTo(a, shape).values;
  const right = broadcastTo(b, shape).values;
  return constant(
    shape,
    Float64Array.from(left, (x, i) => f(x, right[i])),
  );
}

export function transpose(a: Constant, order: readonly number[]): Constant {
  const strides = stridesOf(a.shape);
  if (order.length !== a.shape.length || new Set(order).size !== order.length) {
    throw damaged(`[${order}] is no order of axes`);
  }
  const shape = order.map((axis) => a.shape[axis]);
  const moved = order.map((axis) => strides[axis]);
  return constant(
    shape,
    gatherBy(shape, moved, (offset) => a.values[offset]),
  );
}

/** Part of a one-dimensional constant: from `start` to `end` by `step`. */
export function sliceVector(a: Constant, start: number, end: number, step: number): Constant {
  if (a.shape.length !== 1 || step < 1) {
    throw damaged('a slice of a shape is not possible');
  }
  return vector([...a.values.slice(start, end)].filter((_, i) => i % step === 0));
}

/** Resolves the one -1 of a shape that should hold `count` elements. */
export function resolveShape(wanted: readonly number[], count: number): number[] {
  const known = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return wanted.map((size) => (size === -1 ? count / known : size));
}
