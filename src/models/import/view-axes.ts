/** Operators along axes of what depends on the image. */
import type { Reduction } from '../layers/reductions.ts';
import { scalar } from './constants.ts';
import type { Feature } from './network-builder.ts';
import { axisOf, type Call, fail, viewAt } from './operators.ts';
import {
  batchOf,
  imageOf,
  isBatchAxis,
  type Probabilities,
  shapeOf,
  sliceView,
  trailing,
  type View,
  viewOf,
} from './view.ts';
import { activated, joined, multiplied, shifted } from './view-arithmetic.ts';
import { permuted, reshapedTo } from './view-shapes.ts';

/** A layer along some axes, which it sees as one, the last; they come back as they were. */
function alongAxes(
  call: Call,
  view: View,
  given: readonly number[],
  apply: (feature: Feature) => Feature,
): View {
  const rank = view.axes.length;
  const axes = given.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
  const others = view.axes.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  const order = [...others, ...axes];
  if (axes.some((axis) => isBatchAxis(view, axis))) fail(call, `over the axes [${axes}]`);
  const moved = permuted(call, view, order);
  const shape = shapeOf(moved);
  const whole = axes.reduce((count, axis) => count * (shapeOf(view)[axis] ?? Number.NaN), 1);
  const joinedAxes = reshapedTo(call, moved, [...shape.slice(0, others.length), whole]);
  const { feature, rebuild } = trailing(call.builder, joinedAxes, 1);
  const result = rebuild(apply(feature));
  const left = shapeOf(result).at(-1) === 1 ? axes.map(() => 1) : shape.slice(others.length);
  const split = reshapedTo(call, result, [...shape.slice(0, others.length), ...left]);
  return permuted(
    call,
    split,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/**
 * A softmax. Over classes, at the end of a network, it is traced back to its logits; elsewhere it is
 * a layer.
 */
export function softmax(call: Call, axis: number): View | Probabilities {
  const view = viewAt(call);
  const sizes = shapeOf(view);
  const along = axisOf(axis, view.axes.length);
  const scores = sizes.every((size, i) => i === along || isBatchAxis(view, i) || size === 1);
  if (scores && !isBatchAxis(view, along)) return { kind: 'probabilities', logits: view };
  if (call.operator.startsWith('Log')) fail(call, `along the axis ${axis}`);
  return alongAxes(call, view, [along], (feature) =>
    call.builder.add({ kind: 'softmax' }, [feature]),
  );
}

/** The mean or maximum over axes, which stay with one position. */
export function reduced(
  call: Call,
  view: View,
  axes: readonly number[],
  reduction: Reduction,
): View {
  const found = axes.map((axis) => axisOf(axis, view.axes.length)).sort((a, b) => a - b);
  const [channel, ...more] = view.axes.flatMap((_, i) =>
    found.includes(i) || isBatchAxis(view, i) ? [] : [i],
  );
  if (found.length === 2 && view.axes.length === 4 && channel !== undefined && more.length === 0) {
    const image = imageOf(call.builder, view, [found[0], found[1], channel]);
    const kind = reduction === 'mean' ? 'global-average-pool' : 'global-max-pool';
    if (image) {
      const pooled = viewOf(call.builder.add({ kind }, [image]), batchOf(view));
      const shape = shapeOf(view).map((size, i) => (found.includes(i) ? 1 : size));
      return reshapedTo(call, pooled, shape);
    }
  }
  return alongAxes(call, view, found, (feature) =>
    call.builder.add({ kind: 'reduce', reduction }, [feature]),
  );
}

/** (x - mean) / sqrt(variance + epsilon) over axes. */
export function standardized(
  call: Call,
  view: View,
  axes: readonly number[],
  epsilon: number,
): View {
  const mean = reduced(call, view, axes, 'mean');
  const centered = joined(call, 'add', view, multiplied(call, mean, scalar(-1)));
  const squares = joined(call, 'multiply', centered, centered);
  const variance = reduced(call, squares, axes, 'mean');
  const deviation = activated(call, shifted(call, variance, scalar(epsilon)), 'sqrt');
  return joined(call, 'multiply', centered, activated(call, deviation, 'reciprocal'));
}

/** Part of an axis. */
export function sliced(call: Call, view: View, axis: number, start: number, size: number): View {
  const index = axisOf(axis, view.axes.length);
  const whole = shapeOf(view)[index] ?? 0;
  const fits = Number.isInteger(start) && Number.isInteger(size) && start >= 0 && size >= 1;
  const found =
    fits && start + size <= whole ? sliceView(call.builder, view, index, start, size) : undefined;
  return found ?? fail(call, `of ${size} positions from ${start} of the axis ${axis}`);
}

/** One position of an axis, which goes. */
export function picked(call: Call, view: View, axis: number, position: number): View {
  const index = axisOf(axis, view.axes.length);
  const whole = shapeOf(view)[index] ?? 0;
  const part = sliced(call, view, index, position < 0 ? position + whole : position, 1);
  return reshapedTo(call, part, shapeOf(part).toSpliced(index, 1));
}
