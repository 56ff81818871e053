/**
 * What a format sees of a feature: the same numbers under axes of its own. Reshaping and transposing
 * change the view alone; layers are added only when an operator needs the numbers in another order.
 */
import { elementsOf, stridesOf } from './constants.ts';
import { flatten } from './layers.ts';
import type { Feature, NetworkBuilder } from './network-builder.ts';

/** `size` positions that are `stride` numbers apart in a feature; of the batch: infinitely many. */
interface Factor {
  readonly size: number;
  readonly stride: number;
}

/** One axis, as the product of its factors, the slowest first; without any it has one position. */
type Axis = readonly Factor[];

export interface View {
  readonly kind: 'view';
  readonly feature: Feature;
  /** The batch among them: one factor, in whichever axis. */
  readonly axes: readonly Axis[];
}

/** The output of a softmax over classes, which remembers its logits. */
export interface Probabilities {
  readonly kind: 'probabilities';
  readonly logits: View;
}

/**
 * The size of a batch whose size is not known: a prime that no other axis has, so that graphs can
 * compute with it.
 */
export const ANY_BATCH = 1013;

const isBatch = ({ stride }: Factor) => stride === Number.POSITIVE_INFINITY;
const sizeOf = (axis: Axis) => axis.reduce((product, { size }) => product * size, 1);
const withoutBatch = (axes: readonly Axis[]) => axes.flat().filter((factor) => !isBatch(factor));

export function shapeOf({ axes }: View): number[] {
  return axes.map(sizeOf);
}

/** Joins neighbors that are one run in memory. */
function merged(factors: readonly Factor[]): Factor[] {
  const runs: Factor[] = [];
  for (const factor of factors) {
    const last = runs.at(-1);
    if (last && !isBatch(last) && last.stride === factor.size * factor.stride) {
      runs[runs.length - 1] = { size: last.size * factor.size, stride: factor.stride };
    } else if (factor.size > 1 || isBatch(factor)) {
      runs.push(factor);
    }
  }
  return runs;
}

/** Axes that hold an array of this shape row-major. */
function axesOf(shape: readonly number[]): Axis[] {
  const strides = stridesOf(shape);
  return shape.map((size, i) => merged([{ size, stride: strides[i] }]));
}

/** A feature with the batch before its own axes. */
export function viewOf(feature: Feature, batch: number): View {
  const first = [{ size: batch, stride: Number.POSITIVE_INFINITY }];
  return { kind: 'view', feature, axes: [first, ...axesOf(feature.shape)] };
}

/** The size of the batch, as the graph computes with it. */
export function batchOf({ axes }: View): number {
  return axes.flat().find(isBatch)?.size ?? ANY_BATCH;
}

/** Whether the axis at `index` is the batch and nothing else. */
export function isBatchAxis({ axes }: View, index: number): boolean {
  const axis = axes[index];
  return axis?.length === 1 && isBatch(axis[0]);
}

/** Whether this is one vector for each image, whatever the order of its numbers. */
export function isVector(view: View): boolean {
  return view.axes.length === 2 && isBatchAxis(view, 0);
}

function regrouped(factors: readonly Factor[], shape: readonly number[]): Axis[] | undefined {
  const left = [...factors];
  const axes = shape.map((size): Axis | undefined => {
    const axis: Factor[] = [];
    let missing = size;
    // A batch of one image fits into any axis; best into one that has no more to hold.
    while (left.length > 0 && (missing > 1 || (axis.length === 0 && left[0].size === 1))) {
      const [factor] = left;
      if (missing % factor.size === 0) {
        axis.push(factor);
        left.shift();
        missing /= factor.size;
      } else if (factor.size % missing === 0 && !isBatch(factor)) {
        const inner = factor.size / missing;
        axis.push({ size: missing, stride: factor.stride * inner });
        left[0] = { size: inner, stride: factor.stride };
        missing = 1;
      } else {
        return undefined;
      }
    }
    return missing === 1 ? merged(axis) : undefined;
  });
  const known = axes.flatMap((axis) => (axis ? [axis] : []));
  if (known.length < shape.length || sizeOf(left) > 1) return undefined;
  return left.length === 0 ? known : [...known.slice(0, -1), [...(known.at(-1) ?? []), ...left]];
}

/** The view in another shape, the batch included, or undefined where it does not fit. */
export function reshapeView(
  builder: NetworkBuilder,
  view: View,
  shape: readonly number[],
): View | undefined {
  const axes = regrouped(view.axes.flat(), shape);
  if (axes) return { ...view, axes };
  // Axes in another order than the numbers cannot be cut everywhere; numbers in order can.
  const { feature, rebuild } = trailing(builder, view, 0);
  const ordered = rebuild(feature);
  const cut = regrouped(merged(ordered.axes.flat()), shape);
  return cut && { ...ordered, axes: cut };
}

/** Axis `i` of the result is axis `order[i]` of the view; undefined where that is no order. */
export function transposeView(view: View, order: readonly number[]): View | undefined {
  const fits = `${order.toSorted((a, b) => a - b)}` === `${view.axes.map((_, i) => i)}`;
  return fits ? { ...view, axes: order.map((axis) => view.axes[axis]) } : undefined;
}

/** The same numbers, row-major, in another shape. */
function inShape(builder: NetworkBuilder, feature: Feature, shape: readonly number[]): Feature {
  if (`${feature.shape}` === `${shape}`) return feature;
  return shape.length === 1
    ? flatten(builder, feature)
    : builder.add({ kind: 'reshape', shape }, [feature]);
}

/** The numbers in the order of these axes, in this shape. */
function arranged(
  builder: NetworkBuilder,
  { feature }: View,
  axes: readonly Axis[],
  shape: readonly number[],
): Feature {
  const factors = merged(withoutBatch(axes));
  const memory = factors.toSorted((a, b) => b.stride - a.stride);
  if (memory.every((factor, i) => factor === factors[i])) return inShape(builder, feature, shape);
  const source = inShape(
    builder,
    feature,
    memory.map(({ size }) => size),
  );
  const order = factors.map((factor) => memory.indexOf(factor));
  return inShape(builder, builder.add({ kind: 'transpose', order }, [source]), shape);
}

/** The image `[N, height, width, channels]` that a view is when its axes are taken in this order. */
export function imageOf(
  builder: NetworkBuilder,
  view: View,
  order: readonly [number, number, number],
): Feature | undefined {
  if (view.axes.length !== 4 || !isBatchAxis(view, 0)) return undefined;
  const axes = order.map((axis) => view.axes[axis]);
  return arranged(builder, view, axes, axes.map(sizeOf));
}

export interface Trailing {
  /** The numbers in the view's order: all leading axes as one (if any), then the trailing axes. */
  readonly feature: Feature;
  /** The sizes that the leading axes are made of. */
  readonly leading: readonly number[];
  /** The view of a feature that has other trailing axes. */
  rebuild(feature: Feature): View;
}

/**
 * The view's last `count` axes as the last axes of a feature, for an operator on them. The batch must
 * not be among them.
 */
export function trailing(builder: NetworkBuilder, view: View, count: number): Trailing {
  const split = view.axes.length - count;
  const [first, last] = [view.axes.slice(0, split), view.axes.slice(split)];
  const leading = withoutBatch(first).map(({ size }) => size);
  const rows = leading.length === 0 && count > 0 ? [] : [leading.reduce((a, b) => a * b, 1)];
  const feature = arranged(builder, view, view.axes, [...rows, ...last.map(sizeOf)]);
  return {
    feature,
    leading,
    rebuild(result) {
      const tail = result.shape.slice(result.shape.length - count);
      let stride = tail.reduce((a, b) => a * b, 1) * leading.reduce((a, b) => a * b, 1);
      const restrided = (factor: Factor) =>
        isBatch(factor) ? factor : { ...factor, stride: (stride /= factor.size) };
      const axes = first.map((axis) => merged(axis.map(restrided)));
      return { kind: 'view', feature: result, axes: [...axes, ...axesOf(tail)] };
    },
  };
}

/** The axes, the batch not among them, in the order in which a feature holds their numbers. */
export function memoryOrder({ axes }: View): number[] {
  const stride = (i: number) => axes[i][0]?.stride ?? 0;
  const own = axes.flatMap((_, i) => (axes[i].some(isBatch) ? [] : [i]));
  return own.sort((a, b) => stride(b) - stride(a));
}

/**
 * The part of one axis from `start`, `size` long. An axis that is one run in memory is cut there.
 */
export function sliceView(
  builder: NetworkBuilder,
  view: View,
  index: number,
  start: number,
  size: number,
): View | undefined {
  const axis = view.axes[index];
  if (axis === undefined || axis.some(isBatch)) return undefined;
  const whole = sizeOf(axis);
  if (start === 0 && size === whole) return view;
  if (axis.length !== 1) {
    const { feature, rebuild } = trailing(builder, view, 0);
    return sliceView(builder, rebuild(feature), index, start, size);
  }
  const [{ stride }] = axis;
  const outer = elementsOf(view.feature.shape) / (whole * stride);
  const source = inShape(builder, view.feature, [outer, whole, stride]);
  const feature = builder.add({ kind: 'slice', axis: 1, start, size }, [source]);
  const axes = view.axes.map((one, i) =>
    i === index
      ? merged([{ size, stride }])
      : one.map((factor) =>
          factor.stride > stride && !isBatch(factor)
            ? { ...factor, stride: (factor.stride / whole) * size }
            : factor,
        ),
  );
  return { kind: 'view', feature, axes };
}

/** Two views with the same numbers of the same features in the same places. */
export function areAlike(a: View, b: View): boolean {
  const places = ({ feature, axes }: View) => JSON.stringify([feature.shape, axes]);
  return places(a) === places(b);
}

/** Where, under the view's axes, each number of a vector is found in the order of memory. */
export function positionsInMemory(view: View, strides: readonly number[], period: number) {
  const steps = view.axes.flatMap((axis, i) => {
    let own = strides[i] * sizeOf(axis);
    return axis.flatMap((factor) => {
      own /= factor.size;
      return isBatch(factor) || own === 0 ? [] : [{ ...factor, own }];
    });
  });
  return Int32Array.from({ length: period }, (_, position) =>
    steps.reduce(
      (sum, { size, stride, own }) => sum + (Math.floor(position / stride) % size) * own,
      0,
    ),
  );
}

/** How many numbers of memory a constant with these strides under the axes repeats after. */
export function periodOf(view: View, strides: readonly number[]): number {
  const used = view.axes.filter((_, i) => strides[i] !== 0).flat();
  const reach = Math.max(1, ...used.map(({ size, stride }) => size * stride));
  const [channels] = view.feature.shape.slice(-1);
  return reach <= channels ? channels : elementsOf(view.feature.shape);
}
