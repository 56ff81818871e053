/** Sums of products over named axes, `abc,cde->abde`, as matrix products. */
import { transpose, withShape } from './constants.ts';
import { type Call, fail, isConstant, viewAt } from './operators.ts';
import { shapeOf, type View } from './view.ts';
import { matmul } from './view-products.ts';
import { permuted, reshapedTo } from './view-shapes.ts';

const EQUATION = /^([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)$/;
const count = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

/**
 * The view that two inputs give, of which at most one is a constant. Every axis must be in the
 * result or in both inputs.
 */
export function einsum(call: Call, equation: string): View {
  const [, left = '', right = '', result = ''] = EQUATION.exec(equation.replaceAll(' ', '')) ?? [];
  const [a, b] = call.inputs;
  if (isConstant(a)) return einsum({ ...call, inputs: [b, a] }, `${right},${left}->${result}`);
  const axes = (letters: string, keep: (letter: string) => boolean) => [...letters].filter(keep);
  const shared = axes(left, (one) => right.includes(one) && result.includes(one));
  const summed = axes(left, (one) => right.includes(one) && !result.includes(one));
  const ownLeft = axes(left, (one) => !right.includes(one));
  const ownRight = axes(right, (one) => !left.includes(one));
  const view = viewAt(call);
  const rightShape = isConstant(b) ? b.shape : shapeOf(viewAt(call, 1));
  const fits =
    left.length === view.axes.length &&
    right.length === rightShape.length &&
    `${[...result].sort()}` === `${[...shared, ...ownLeft, ...ownRight].sort()}`;
  if (!fits) fail(call, `of ${equation}`);
  const sizes = new Map<string, number>();
  [...left].forEach((letter, i) => void sizes.set(letter, shapeOf(view)[i]));
  [...right].forEach((letter, i) => void sizes.set(letter, rightShape[i]));
  const sizesOf = (letters: readonly string[]) => letters.map((letter) => sizes.get(letter) ?? 1);
  const order = (letters: string, wanted: readonly string[]) =>
    wanted.map((letter) => letters.indexOf(letter));
  const depth = count(sizesOf(summed));

  let product: View;
  if (isConstant(b)) {
    if (shared.length > 0) fail(call, `of ${equation} with a constant`);
    const moved = transpose(b, order(right, [...summed, ...ownRight]));
    const matrix = withShape(moved, [depth, count(sizesOf(ownRight))]);
    const rows = permuted(call, view, order(left, [...ownLeft, ...summed]));
    const wide = reshapedTo(call, rows, [...sizesOf(ownLeft), depth]);
    product = viewAt({ ...call, inputs: [matmul({ ...call, inputs: [wide, matrix] })] });
  } else {
    const rows = permuted(call, view, order(left, [...shared, ...ownLeft, ...summed]));
    const columns = permuted(
      call,
      viewAt(call, 1),
      order(right, [...shared, ...summed, ...ownRight]),
    );
    const inputs = [
      reshapedTo(call, rows, [...sizesOf(shared), count(sizesOf(ownLeft)), depth]),
      reshapedTo(call, columns, [...sizesOf(shared), depth, count(sizesOf(ownRight))]),
    ];
    product = viewAt({ ...call, inputs: [matmul({ ...call, inputs })] });
  }
  const letters = [...(isConstant(b) ? [] : shared), ...ownLeft, ...ownRight];
  const split = reshapedTo(call, product, sizesOf(letters));
  return permuted(call, split, order(letters.join(''), [...result]));
}
