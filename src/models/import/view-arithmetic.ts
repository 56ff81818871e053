/** Arithmetic on what depends on the image, number by number. */
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import { type Constant, elementsOf, map, scalar, stridesOf } from './constants.ts';
import { affine, flatten } from './layers.ts';
import type { Feature, LayerContent } from './network-builder.ts';
import { type Call, combined, fail, isConstant, viewAt } from './operators.ts';
import {
  areAlike,
  isBatchAxis,
  memoryOrder,
  periodOf,
  positionsInMemory,
  shapeOf,
  type View,
  viewOf,
} from './view.ts';
import { backFromOrder, inOrder, withRank } from './view-shapes.ts';

/** A layer that treats every number alike, so that it may see any view of them. */
export function elementwise(call: Call, view: View, content: LayerContent): View {
  return { ...view, feature: call.builder.add(content, [view.feature]) };
}

export function activated(call: Call, view: View, activation: Nonlinearity): View {
  return elementwise(call, view, { kind: 'activation', activation });
}

/** The strides of a constant along a view's axes; 0 where it is the same for all positions. */
function stridesAlong(call: Call, view: View, value: Constant): number[] {
  const shape = shapeOf(view);
  const missing = shape.length - value.shape.length;
  const sizes = [...new Array<number>(Math.max(0, missing)).fill(1), ...value.shape];
  const fits = sizes.every((size, i) => size === 1 || (size === shape[i] && !isBatchAxis(view, i)));
  if (missing < 0 || !fits) fail(call, `a constant of shape [${value.shape}] with [${shape}]`);
  const strides = stridesOf(sizes);
  return sizes.map((size, i) => (size === 1 ? 0 : strides[i]));
}

/** The numbers of a constant in the order of the view's memory, one for each channel at least. */
function inMemory(call: Call, view: View, value: Constant, period: number): Float32Array {
  const strides = stridesAlong(call, view, value);
  call.builder.spread(period);
  const positions = positionsInMemory(view, strides, period);
  return Float32Array.from(positions, (position) => value.values[position]);
}

/** `x * scale + offset`, each spread over the view by NumPy's rule. */
export function scaled(call: Call, input: View, scale: Constant, offset: Constant): View {
  const view = withRank(call, input, Math.max(scale.shape.length, offset.shape.length));
  const period = Math.max(
    ...[scale, offset].map((value) => periodOf(view, stridesAlong(call, view, value))),
  );
  const source = withPeriod(call, view, period);
  const [scales, offsets] = [scale, offset].map((value) => inMemory(call, view, value, period));
  return { ...view, feature: affine(call.builder, source, scales, offsets) };
}

/** The view's feature; what differs from pixel to pixel becomes one channel for each number. */
function withPeriod({ builder }: Call, { feature }: View, period: number): Feature {
  return period === feature.shape.at(-1) ? feature : flatten(builder, feature);
}

const ONE = scalar(1);
const ZERO = scalar(0);

export function multiplied(call: Call, view: View, factor: Constant): View {
  return scaled(call, view, factor, ZERO);
}

export function shifted(call: Call, view: View, offset: Constant): View {
  return scaled(call, view, ONE, offset);
}

/** `x` where it is positive, else `x * slope`, the slope spread over the view. */
export function parametric(call: Call, input: View, slope: Constant): View {
  const view = withRank(call, input, slope.shape.length);
  const period = periodOf(view, stridesAlong(call, view, slope));
  const source = withPeriod(call, view, period);
  const scale = inMemory(call, view, slope, period);
  return { ...view, feature: call.builder.add({ kind: 'prelu' }, [source], { scale }) };
}

/** The sum or product of two views; axes of size 1 are spread. */
export function joined(call: Call, kind: 'add' | 'multiply', left: View, right: View): View {
  const { builder } = call;
  const rank = Math.max(left.axes.length, right.axes.length);
  const [a, b] = [left, right].map((view) => withRank(call, view, rank));
  if (areAlike(a, b)) return { ...a, feature: builder.add({ kind }, [a.feature, b.feature]) };
  const misfit = () => fail(call, `of [${shapeOf(a)}] and [${shapeOf(b)}]`);
  const batch = a.axes.findIndex((_, i) => isBatchAxis(a, i));
  if (batch < 0 || !isBatchAxis(b, batch)) misfit();
  const size = (view: View) => elementsOf(view.feature.shape);
  const order = memoryOrder(size(a) >= size(b) ? a : b);
  const ordered = [a, b].map((view) => inOrder(call, view, batch, order));
  const shape = shapeOf(a).map((one, i) => Math.max(one, shapeOf(b)[i]));
  const fits = [a, b].every((view) =>
    shapeOf(view).every((one, i) => one === 1 || one === shape[i]),
  );
  if (!fits) misfit();
  const feature = builder.add({ kind }, ordered);
  return backFromOrder(call, viewOf(feature, shape[batch]), batch, order);
}

interface Arithmetic {
  readonly compute: (x: number, y: number) => number;
  /** With a constant as the second operand, and as the first. */
  readonly second: (call: Call, view: View, value: Constant) => View;
  readonly first: (call: Call, value: Constant, view: View) => View;
  readonly join: (call: Call, a: View, b: View) => View;
}

const negative = (call: Call, view: View) => multiplied(call, view, scalar(-1));
const inverse = (call: Call, view: View) => activated(call, view, 'reciprocal');

const ARITHMETIC = {
  add: {
    compute: (x, y) => x + y,
    second: shifted,
    first: (call, value, view) => shifted(call, view, value),
    join: (call, a, b) => joined(call, 'add', a, b),
  },
  subtract: {
    compute: (x, y) => x - y,
    second: (call, view, value) =>
      shifted(
        call,
        view,
        map(value, (x) => -x),
      ),
    first: (call, value, view) => scaled(call, view, scalar(-1), value),
    join: (call, a, b) => joined(call, 'add', a, negative(call, b)),
  },
  multiply: {
    compute: (x, y) => x * y,
    second: multiplied,
    first: (call, value, view) => multiplied(call, view, value),
    join: (call, a, b) => joined(call, 'multiply', a, b),
  },
  divide: {
    compute: (x, y) => x / y,
    second: (call, view, value) =>
      multiplied(
        call,
        view,
        map(value, (x) => 1 / x),
      ),
    first: (call, value, view) => multiplied(call, inverse(call, view), value),
    join: (call, a, b) => joined(call, 'multiply', a, inverse(call, b)),
  },
} satisfies Record<string, Arithmetic>;

/** An operator on two inputs, each a constant or what depends on the image. */
export function arithmetic(name: keyof typeof ARITHMETIC) {
  const { compute, second, first, join }: Arithmetic = ARITHMETIC[name];
  return (call: Call): View | Constant => {
    const [a, b] = call.inputs;
    if (isConstant(a) && isConstant(b)) return combined(call, a, b, compute);
    if (isConstant(b)) return second(call, viewAt(call, 0), b);
    if (isConstant(a)) return first(call, a, viewAt(call, 1));
    return join(call, viewAt(call, 0), viewAt(call, 1));
  };
}

/** x to a power that is a small whole number, or its half. */
export function power(call: Call, view: View, exponent: number): View {
  if (exponent === 0.5) return activated(call, view, 'sqrt');
  if (exponent === -0.5) return inverse(call, activated(call, view, 'sqrt'));
  if (exponent === -1) return inverse(call, view);
  if (![1, 2, 3, 4].includes(exponent)) fail(call, `to the power ${exponent}`);
  const others = new Array<View>(exponent - 1).fill(view);
  return others.reduce((result, one) => joined(call, 'multiply', result, one), view);
}

/** clip(slope * x + offset, 0, 1). */
export function hardSigmoid(call: Call, view: View, slope: number, offset: number): View {
  const sixths = scaled(call, view, scalar(6 * slope), scalar(6 * offset));
  return multiplied(call, activated(call, sixths, 'relu6'), scalar(1 / 6));
}

/** x * (1 + erf(x / sqrt(2))) / 2, or with the hyperbolic tangent that comes close to it. */
export function gelu(call: Call, view: View, approximate: boolean): View {
  const share = approximate
    ? activated(
        call,
        multiplied(
          call,
          joined(call, 'add', view, multiplied(call, power(call, view, 3), scalar(0.044715))),
          scalar(Math.sqrt(2 / Math.PI)),
        ),
        'tanh',
      )
    : activated(call, multiplied(call, view, scalar(Math.SQRT1_2)), 'erf');
  return joined(call, 'multiply', view, scaled(call, share, scalar(0.5), scalar(0.5)));
}
