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
  /** Whether the format holds integers here, whose quotients are rounded; absent: it holds none. */
  readonly integer?: boolean;
}

/** The same numbers in another shape. */
export function withShape(a: Constant, shape: readonly number[]): Constant {
  return { ...constant(shape, a.values), integer: a.integer ?? false };
}

/** A constant as one of integers, or of none. */
export function asInteger(a: Constant, integer = true): Constant {
  return { ...a, integer };
}

/** A file may claim any shape; no constant may have more elements than this. */
const MAX_ELEMENTS = 2 ** 26;
/** A constant that is computed takes no bytes of the file, so it must be smaller. */
const MAX_COMPUTED = 2 ** 22;

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

/**
 * The number of elements of a constant that may be larger than what it is made of.
 * @param given how many elements that has
 * @throws ImportError when it is larger than any that a classifier computes with
 */
function computedElements(shape: readonly number[], given = 0): number {
  const count = elementsOf(shape);
  if (count > Math.max(MAX_COMPUTED, given)) {
    throw damaged(`a computed tensor of shape [${shape}] is not possible here`);
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
    computedElements(shape);
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

export function map(a: Constant, f: (x: number, i: number) => number | boolean): Constant {
  const values = Float64Array.from(a.values, (x, i) => Number(f(x, i)));
  return withShape({ ...a, values }, a.shape);
}

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
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

/** Spreads a constant to a shape by NumPy's rule; undefined where it does not fit. */
export function broadcast(a: Constant, sizes: readonly number[]): Constant | undefined {
  const shape = broadcastShape(a.shape, sizes);
  if (shape) computedElements(shape, a.values.length);
  return shape && broadcastTo(a, shape);
}

/** Spreads axes of size 1 to `shape`, by NumPy's rule. */
function broadcastTo(a: Constant, shape: readonly number[]): Constant {
  const padded = [...new Array<number>(shape.length - a.shape.length).fill(1), ...a.shape];
  const own = stridesOf(padded);
  const strides = padded.map((size, axis) => (size === 1 ? 0 : own[axis]));
  return { ...a, shape, values: gatherBy(shape, strides, (offset) => a.values[offset]) };
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
  computedElements(shape, Math.max(a.values.length, b.values.length));
  const left = broadcastTo(a, shape).values;
  const right = broadcastTo(b, shape).values;
  const integer = (a.integer ?? false) && (b.integer ?? false);
  return { kind: 'constant', shape, values: left.map((x, i) => f(x, right[i])), integer };
}

export function transpose(a: Constant, order: readonly number[]): Constant {
  const strides = stridesOf(a.shape);
  if (order.length !== a.shape.length || new Set(order).size !== order.length) {
    throw damaged(`[${order}] is no order of axes`);
  }
  const shape = order.map((axis) => a.shape[axis]);
  const moved = order.map((axis) => strides[axis]);
  return { ...a, shape, values: gatherBy(shape, moved, (offset) => a.values[offset]) };
}

/** `count` positions of an axis from `start`, by `step`. */
export function partOf(
  a: Constant,
  axis: number,
  start: number,
  count: number,
  step: number,
): Constant {
  const whole = a.shape[axis];
  if (whole === undefined || !(step >= 1) || !(start >= 0) || !(start + count <= whole)) {
    throw damaged(`a part of [${a.shape}] along the axis ${axis} is not possible`);
  }
  const strides = stridesOf(a.shape);
  const shape = a.shape.with(axis, Math.ceil(count / step));
  const steps = strides.with(axis, strides[axis] * step);
  const values = gatherBy(shape, steps, (offset) => a.values[offset], start * strides[axis]);
  return { ...a, shape, values };
}

/** Positions of an axis, in the order of the indices, whose axes take its place. */
export function gatherAxis(a: Constant, indices: Constant, given: number): Constant {
  const axis = given < 0 ? given + a.shape.length : given;
  const whole = a.shape[axis] ?? 0;
  const places = Array.from(indices.values, (index) => (index < 0 ? index + whole : index));
  if (!places.every((place) => Number.isInteger(place) && place >= 0 && place < whole)) {
    throw damaged(`positions outside of [${a.shape}] are read`);
  }
  const inner = elementsOf(a.shape.slice(axis + 1));
  const outer = elementsOf(a.shape.slice(0, axis));
  const shape = [...a.shape.slice(0, axis), ...indices.shape, ...a.shape.slice(axis + 1)];
  const values = new Float64Array(computedElements(shape));
  let next = 0;
  for (let row = 0; row < outer; row++) {
    for (const place of places) {
      const from = (row * whole + place) * inner;
      values.set(a.values.subarray(from, from + inner), next);
      next += inner;
    }
  }
  return { ...a, shape, values };
}

/** Constants one after another along an axis. */
export function concatenate(parts: readonly Constant[], given: number): Constant {
  const [first] = parts;
  const axis = given < 0 ? given + first.shape.length : given;
  const others = ({ shape }: Constant) => `${shape.toSpliced(axis, 1)}`;
  if (!(axis < first.shape.length) || parts.some((part) => others(part) !== others(first))) {
    throw damaged(`tensors of ${parts.map(({ shape }) => `[${shape}]`).join(', ')} are joined`);
  }
  const length = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
  const shape = first.shape.with(axis, length);
  const values = new Float64Array(computedElements(shape));
  const rows = elementsOf(first.shape.slice(0, axis));
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (const part of parts) {
      const size = part.values.length / rows;
      values.set(part.values.subarray(row * size, (row + 1) * size), next);
      next += size;
    }
  }
  return { ...first, shape, values };
}

/** Start, start + step, …, as far as they are below the limit. */
export function range(start: number, limit: number, step: number): Constant {
  const count = Math.max(0, Math.ceil((limit - start) / step));
  computedElements([count]);
  return asInteger(vector(Array.from({ length: count }, (_, i) => start + i * step)));
}

/** Resolves the one -1 of a shape that should hold `count` elements. */
export function resolveShape(wanted: readonly number[], count: number): number[] {
  const known = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return wanted.map((size) => (size === -1 ? count / known : size));
}
