/** Inputs joined along an axis, constants among them. */
import { type Constant, constant, elementsOf, stridesOf } from './constants.ts';
import { axisOf, type Call, combined, constantAt, fail, isView, viewAt } from './operators.ts';
import { imageOf, isBatchAxis, memoryOrder, shapeOf, type View, viewOf } from './view.ts';
import { shifted } from './view-arithmetic.ts';
import { backFromOrder, inOrder, reshapedTo } from './view-shapes.ts';

/**
 * Inputs joined along an axis. Constants, such as the class token of a transformer, may stand before
 * or after what depends on the image.
 */
export function concatenated(call: Call, along: number): View {
  const indices = call.inputs.map((_, i) => i);
  const views = indices.filter((i) => isView(call.inputs[i])).map((i) => viewAt(call, i));
  const first = indices.findIndex((i) => isView(call.inputs[i]));
  const constants = indices.filter((i) => !isView(call.inputs[i])).map((i) => constantAt(call, i));
  const inOneRow = indices.slice(first, first + views.length).every((i) => isView(call.inputs[i]));
  if (first < 0 || !inOneRow) fail(call, 'of constants between other inputs');
  const axis = axisOf(along, views[0].axes.length);
  const joinedViews = concatenatedViews(call, views, axis);
  if (constants.length === 0) return joinedViews;
  return withConstants(call, joinedViews, axis, constants.slice(0, first), constants.slice(first));
}

function concatenatedViews(call: Call, views: readonly View[], axis: number): View {
  const [one] = views;
  if (views.length === 1) return one;
  const batch = one.axes.findIndex((_, i) => isBatchAxis(one, i));
  const fits = views.every(
    (view) => view.axes.length === one.axes.length && isBatchAxis(view, batch),
  );
  if (!fits || axis === batch || batch < 0) fail(call, `along the axis ${axis}`);
  const order = [...memoryOrder(one).filter((i) => i !== axis && i !== batch), axis];
  const features = views.map((view) => inOrder(call, view, batch, order));
  const feature = call.builder.add({ kind: 'concat' }, features);
  return backFromOrder(call, viewOf(feature, shapeOf(one)[batch]), batch, order);
}

/** Room for constants is made with zeros, to which they are then added. */
function withConstants(
  call: Call,
  view: View,
  axis: number,
  before: readonly Constant[],
  after: readonly Constant[],
): View {
  const lengthOf = (values: readonly Constant[]) =>
    values.reduce((sum, { shape }) => sum + (shape[axis] ?? Number.NaN), 0);
  const widths = [lengthOf(before), lengthOf(after)] as const;
  const sizes = shapeOf(view);
  const own = sizes[axis];
  if (!isBatchAxis(view, 0) || axis === 0) fail(call, `along the axis ${axis}`);
  const [outer, inner] = [sizes.slice(1, axis), sizes.slice(axis + 1)].map((some) =>
    some.reduce((a, b) => a * b, 1),
  );
  const rows = reshapedTo(call, view, [sizes[0], outer, own, inner]);
  const image = imageOf(call.builder, rows, [1, 2, 3]) ?? fail(call, `along the axis ${axis}`);
  const room = call.builder.add({ kind: 'pad', padding: [[0, 0], widths] }, [image]);
  const wide = sizes.with(axis, own + widths[0] + widths[1]);
  const padded = reshapedTo(call, viewOf(room, sizes[0]), wide);
  const shape = wide.with(0, 1);
  const values = new Float64Array(elementsOf(shape));
  const strides = stridesOf(shape);
  let start = 0;
  for (const value of [...before, undefined, ...after]) {
    if (value === undefined) {
      start += own;
      continue;
    }
    const spread = combined(
      call,
      value,
      constant(shape.with(axis, value.shape[axis]), [0]),
      (x) => x,
    );
    const length = spread.shape[axis] * inner;
    for (let row = 0; row * length < spread.values.length; row++) {
      const part = spread.values.subarray(row * length, (row + 1) * length);
      values.set(part, row * wide[axis] * inner + start * strides[axis]);
    }
    start += value.shape[axis];
  }
  return shifted(call, padded, constant(shape, values));
}
