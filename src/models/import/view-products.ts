/** Matrix products with what depends on the image. */
import { type Constant, constant, transpose } from './constants.ts';
import { dense, flatten } from './layers.ts';
import { type Call, fail, isConstant, isView, viewAt } from './operators.ts';
import {
  batchOf,
  isBatchAxis,
  isVector,
  positionsInMemory,
  shapeOf,
  trailing,
  type View,
  viewOf,
} from './view.ts';
import { permuted } from './view-shapes.ts';

/** The product along the last axis with a matrix `[in, units]`. */
function product(call: Call, view: View, given: Constant): View {
  const matrix = constant(given.shape.slice(-2), given.values);
  if (given.shape.length < 2) fail(call, `a matrix of shape [${given.shape}]`);
  const { builder } = call;
  const [inputs] = matrix.shape;
  if (shapeOf(view).at(-1) !== inputs || isBatchAxis(view, view.axes.length - 1)) {
    fail(call, `of [${shapeOf(view)}] and [${matrix.shape}]`);
  }
  if (isVector(view)) {
    // The rows follow the order of the vector's numbers, so that those need not be moved.
    const positions = positionsInMemory(view, [0, 1], inputs);
    const feature = flatten(builder, view.feature);
    return viewOf(dense(builder, feature, withRows(matrix, positions)), batchOf(view));
  }
  const { feature, rebuild } = trailing(builder, view, 1);
  return rebuild(dense(builder, feature, matrix));
}

function withRows(matrix: Constant, positions: Int32Array): Constant {
  if (positions.every((position, i) => position === i)) return matrix;
  const [, units] = matrix.shape;
  const values = new Float32Array(matrix.values.length);
  positions.forEach((position, i) => {
    values.set(matrix.values.subarray(position * units, (position + 1) * units), i * units);
  });
  return constant(matrix.shape, values);
}

function swapped(call: Call, view: View): View {
  const rank = view.axes.length;
  const order = view.axes.map((_, i) => i);
  return permuted(call, view, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/** The matrix product of two inputs, of which at least one depends on the image. */
export function matmul(
  call: Call,
  transposed: readonly [left: boolean, right: boolean] = [false, false],
): View | Constant {
  const [left, right] = call.inputs;
  const turned = (value: Constant, turn: boolean) => {
    const order = value.shape.map((_, i) => i);
    const [rows, columns] = order.slice(-2);
    return turn ? transpose(value, [...order.slice(0, -2), columns, rows]) : value;
  };
  if (isView(left) && isConstant(right)) {
    const view = transposed[0] ? swapped(call, left) : left;
    return product(call, view, turned(right, transposed[1]));
  }
  if (isConstant(left) && isView(right)) {
    const view = transposed[1] ? right : swapped(call, right);
    return swapped(call, product(call, view, turned(left, !transposed[0])));
  }
  const views = [0, 1].map((i) => {
    const view = viewAt(call, i);
    return transposed[i] ? swapped(call, view) : view;
  });
  const shapes = views.map(shapeOf);
  const [a, b] = views.map((view) => trailing(call.builder, view, 2));
  const fits = `${a.leading}` === `${b.leading}` && shapes[0].at(-1) === shapes[1].at(-2);
  if (!fits || views.some((view) => view.axes.length < 3)) {
    fail(call, `of [${shapes[0]}] and [${shapes[1]}]`);
  }
  return a.rebuild(call.builder.add({ kind: 'matmul' }, [a.feature, b.feature]));
}
