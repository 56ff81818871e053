/** What the bound of Winograd's rounding counts with. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { range } from '../../src/arrays.ts';
import { emptyBox } from '../../src/certification/operations/operation.ts';
import { LINES, WinogradRounding } from '../../src/certification/operations/winograd.ts';
import { RandomStream } from '../../src/engine/index.ts';

type Matrix = readonly (readonly number[])[];

const times = (matrix: Matrix, vector: readonly number[]) =>
  matrix.map((line) => line.reduce((sum, factor, i) => sum + factor * vector[i], 0));

const shape = {
  input: [6, 12, 16],
  output: [4, 10, 3],
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  before: [0, 0],
  groups: 1,
} as const;

/** A rounding, and errors of it for images whose pixels lie around `center` by at most `radius`. */
function errorsOf(weights: Float64Array, center: Float64Array, radius: number): Float64Array {
  const rounding = WinogradRounding.of(shape, weights, new Float64Array(3));
  assert.ok(rounding);
  const box = emptyBox(center.length);
  box.lower.set(center.map((value) => value - radius));
  box.upper.set(center.map((value) => value + radius));
  return rounding.errors(box);
}

describe('the bound of Winograd', () => {
  const stream = new RandomStream(1, 'winograd');
  const random = (length: number) => Float64Array.from({ length }, () => 2 * stream.uniform() - 1);

  for (const span of [2, 5] as const) {
    it(`counts with the algorithm's own matrices, for ${span} outputs`, () => {
      const { outputs, kernel, inputs, added } = LINES[span];
      const taps = [...random(3)];
      const image = [...random(span + 2)];
      const [u, v] = [times(kernel, taps), times(inputs, image)];
      const found = times(
        outputs,
        u.map((value, i) => value * v[i]),
      );
      const wanted = range(span).map((x) =>
        taps.reduce((sum, tap, i) => sum + tap * image[x + i], 0),
      );
      for (const [x, value] of found.entries()) {
        assert.ok(Math.abs(value - wanted[x]) < 1e-13, `${value}, not ${wanted[x]}`);
      }
      for (const [i, line] of added.entries()) {
        for (const [j, sum] of line.entries()) assert.ok(sum >= Math.abs(inputs[i][j]));
      }
    });
  }

  it('grows with the box, with what the image holds and with the weights', () => {
    const weights = random(9 * 16 * 3);
    const image = random(6 * 12 * 16);
    const point = errorsOf(weights, image, 0);
    const wider = errorsOf(weights, image, 0.1);
    const doubled = errorsOf(
      weights,
      image.map((value) => 2 * value),
      0,
    );
    const heavier = errorsOf(
      weights.map((value) => 2 * value),
      image,
      0,
    );
    for (const [i, error] of point.entries()) {
      assert.ok(error > 0 && wider[i] > error, `${i}: ${error}, then ${wider[i]}`);
      for (const other of [doubled[i], heavier[i]]) {
        assert.ok(Math.abs(other / error - 2) < 1e-6, `${i}: ${other / error} times`);
      }
    }
  });

  it('is near zero where the image is black, and the same in a window of the pool', () => {
    const image = random(6 * 12 * 16).map((value, i) => (i % (12 * 16) >= 6 * 16 ? value : 0));
    const errors = errorsOf(random(9 * 16 * 3), image, 0);
    const at = (y: number, x: number) => errors.slice((y * 10 + x) * 3, (y * 10 + x) * 3 + 3);
    assert.ok(Math.max(...at(0, 0)) > 0, 'a tile of 7 columns reaches the others');
    for (const [y, x] of [
      [0, 1],
      [1, 0],
      [1, 1],
    ])
      assert.deepEqual(at(y, x), at(0, 0));
    const black = errorsOf(random(9 * 16 * 3), new Float64Array(image.length), 0);
    assert.ok(Math.max(...black) < 1e-30);
  });

  it('is for layers alone that an engine may compute so', () => {
    const weights = new Float64Array(9 * 16 * 3);
    for (const other of [
      { strides: [2, 2] },
      { dilations: [2, 2] },
      { kernel: [3, 1] },
      { groups: 16 },
      { output: [1, 10, 3] },
      { input: [6, 12, 15] },
    ] as const) {
      const found = WinogradRounding.of({ ...shape, ...other }, weights, new Float64Array(3));
      assert.equal(found, undefined, JSON.stringify(other));
    }
  });
});
