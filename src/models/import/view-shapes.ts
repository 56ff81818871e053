/** The axes of views: given in another order or shape, and as the axes of a feature. */
import type { Feature } from './network-builder.ts';
import { type Call, fail } from './operators.ts';
import { batchOf, reshapeView, shapeOf, trailing, transposeView, type View } from './view.ts';

export function permuted(call: Call, view: View, order: readonly number[]): View {
  return transposeView(view, order) ?? fail(call, `by [${order}]`);
}

/** The axes of size 1 that a view lacks for as many axes as a constant or another view has. */
export function withRank(call: Call, view: View, rank: number): View {
  const missing = rank - view.axes.length;
  if (missing <= 0) return view;
  return reshapedTo(call, view, [...new Array<number>(missing).fill(1), ...shapeOf(view)]);
}

/** The view in another shape, of which one size may be -1. */
export function reshapedTo(call: Call, view: View, wanted: readonly number[]): View {
  const shape = shapeOf(view);
  const count = shape.reduce((a, b) => a * b, 1);
  const resolve = (sizes: readonly number[], total: number) => {
    const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
    return sizes.map((size) => (size === -1 ? total / known : size));
  };
  const sizes = resolve(wanted, count);
  const found = reshapeView(call.builder, view, sizes);
  if (found) return found;
  // A model that was written for one image says 1 for the batch.
  const batch = batchOf(view);
  const [first, ...others] = resolve(wanted, count / batch);
  const forBatch = first === 1 ? reshapeView(call.builder, view, [batch, ...others]) : undefined;
  return forBatch ?? fail(call, `from [${shape}] to [${wanted}]`);
}

/** The feature that holds the view's axes in this order, each as an axis of its own. */
export function inOrder(call: Call, view: View, batch: number, order: readonly number[]): Feature {
  const moved = permuted(call, view, [batch, ...order]);
  const sizes = shapeOf(moved).slice(1);
  const { feature } = trailing(call.builder, moved, order.length);
  return `${feature.shape}` === `${sizes}` ? feature : fail(call, `to [${sizes}]`);
}

/** The view of such a feature, with the axes in their places. */
export function backFromOrder(
  call: Call,
  view: View,
  batch: number,
  order: readonly number[],
): View {
  const now = [batch, ...order];
  return permuted(
    call,
    view,
    now.map((_, axis) => now.indexOf(axis)),
  );
}
