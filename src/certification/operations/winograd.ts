import { gamma, UNDERFLOW } from '../rounding.ts';
import type { ConvolutionShape } from './convolution-shape.ts';
import type { Box } from './operation.ts';

type Matrix = readonly (readonly number[])[];

/** Winograd's algorithm along one direction: `outputs = A [ (G kernel) * (B inputs) ]`. */
interface Line {
  readonly outputs: Matrix;
  readonly kernel: Matrix;
  readonly inputs: Matrix;
  /** The absolute coefficients as the program adds them, before anything cancels. */
  readonly added: Matrix;
}

const absolute = (matrix: Matrix): Matrix => matrix.map((line) => line.map(Math.abs));

const TWO_INPUTS = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];

const FIVE_INPUTS = [
  [1, -2, -1.25, 2.5, 0.25, -0.5, 0],
  [0, 2, -2, -4.5, 0.5, 1, 0],
  [0, -2, 6, -3.5, -1.5, 1, 0],
  [0, 1, -1.5, -2, 1.5, 1, 0],
  [0, -1, 2.5, 0, -2.5, 1, 0],
  [0, 4, 0, -5, 0, 1, 0],
  [0, -2, 4, 2.5, -5, -0.5, 1],
];
const [AT_ZERO, , , , , AT_HALF, AT_INFINITY] = absolute(FIVE_INPUTS);
/** What the program adds at 1 and -1, and at 2 and -2. */
const NEAR = [0, 2, 6, 4.5, 1.5, 1, 0];
const FAR = [0, 1, 2.5, 2, 2.5, 1, 0];

/** `native/src/conv_winograd.h`, by the outputs of a line. */
export const LINES: Readonly<Record<2 | 5, Line>> = {
  2: {
    outputs: [
      [1, 1, 1, 0],
      [0, 1, -1, -1],
    ],
    kernel: [
      [1, 0, 0],
      [0.5, 0.5, 0.5],
      [0.5, -0.5, 0.5],
      [0, 0, 1],
    ],
    inputs: TWO_INPUTS,
    added: absolute(TWO_INPUTS),
  },
  5: {
    outputs: [
      [1, 1, 1, 1, 1, 1, 0],
      [0, 1, -1, 2, -2, 1 / 2, 0],
      [0, 1, 1, 4, 4, 1 / 4, 0],
      [0, 1, -1, 8, -8, 1 / 8, 0],
      [0, 1, 1, 16, 16, 1 / 16, 1],
    ],
    kernel: [
      [1, 0, 0],
      [-1 / 3, -1 / 3, -1 / 3],
      [1 / 9, -1 / 9, 1 / 9],
      [1 / 36, 2 / 36, 4 / 36],
      [-1 / 60, 2 / 60, -4 / 60],
      [32 / 45, 16 / 45, 8 / 45],
      [0, 0, 1],
    ],
    inputs: FIVE_INPUTS,
    added: [AT_ZERO, NEAR, NEAR, FAR, FAR, AT_HALF, AT_INFINITY],
  },
};

const LEAST_CHANNELS = 16;
const TILE_ROWS = 2;
/** Roundings of a transform of the kernel (2 in rows, 4 in columns) or of the image (1 and 5). */
const TRANSFORM = gamma(7);
/** Roundings of the products' transform (2 and 4), the product, the bias, and some to spare. */
const OUTPUT_ROUNDINGS = 10;
/** Places in which an output's sums may lose to underflow: 28 elements, weighed up to 16 times. */
const LOSSES = 28 * 16;

/** Whether an engine may compute the layer by Winograd's algorithm, where a max-pool of 2 follows. */
function mayBeWinograd({
  kernel,
  strides,
  dilations,
  input,
  output,
  groups,
}: ConvolutionShape): boolean {
  return (
    kernel.every((size) => size === 3) &&
    [...strides, ...dilations].every((step) => step === 1) &&
    output[0] >= 2 &&
    output[1] >= 2 &&
    input[2] >= LEAST_CHANNELS &&
    groups === 1
  );
}

/** `from` `[rows, columns]` with a matrix along each direction: `[row.length, column.length]`. */
function transform(from: Float64Array, rowwise: Matrix, columnwise: Matrix): Float64Array {
  const columns = columnwise[0].length;
  const half = new Float64Array(rowwise[0].length * columnwise.length);
  for (let y = 0; y < rowwise[0].length; y++) {
    for (let j = 0; j < columnwise.length; j++) {
      let sum = 0;
      for (let x = 0; x < columns; x++) sum += columnwise[j][x] * from[y * columns + x];
      half[y * columnwise.length + j] = sum;
    }
  }
  const to = new Float64Array(rowwise.length * columnwise.length);
  for (let i = 0; i < rowwise.length; i++) {
    for (let y = 0; y < rowwise[0].length; y++) {
      const factor = rowwise[i][y];
      if (factor === 0) continue;
      for (let j = 0; j < columnwise.length; j++) {
        to[i * columnwise.length + j] += factor * half[y * columnwise.length + j];
      }
    }
  }
  return to;
}

/**
 * By how much a convolution by Winograd's algorithm may be off, in any order of its sums.
 *
 * With kernel and image transformed to U and V, whose roundings are at most `g |G||k|` and `g |B||d|` with
 * g = gamma(transform), and r = gamma(channels + outputs), an output is off by at most
 * `r |A| sum over channels of (|U| + q |G||k|) (|V| + q |B||d|)` with q = g (1 + 1 / r): each
 * rounding of one factor meets the other one, and q r covers it.
 */
export class WinogradRounding {
  readonly #shape: ConvolutionShape;
  readonly #line: Line;
  readonly #span: 2 | 5;
  /** r */
  readonly #gamma: number;
  /** q */
  readonly #share: number;
  readonly #losses: number;
  /** `|U| + q |G||k|`, `[elements, channels, filters]` */
  readonly #kernel: Float64Array;
  readonly #bias: Float64Array;

  /** @returns undefined where no engine computes the layer that way */
  static of(
    shape: ConvolutionShape,
    weights: Float64Array,
    bias: Float64Array,
  ): WinogradRounding | undefined {
    return mayBeWinograd(shape) ? new WinogradRounding(shape, weights, bias) : undefined;
  }

  private constructor(shape: ConvolutionShape, weights: Float64Array, bias: Float64Array) {
    const [channels, filters] = [shape.input[2], shape.output[2]];
    const pairs = channels * filters;
    const columns = pooled(shape.output[1]);
    const isLong = columns >= 5 && Math.ceil(columns / 5) * 7 < (columns / 2) * 4;
    this.#shape = shape;
    this.#span = isLong ? 5 : 2;
    this.#line = LINES[this.#span];
    this.#gamma = gamma(channels + OUTPUT_ROUNDINGS);
    this.#share = TRANSFORM * (1 + 1 / this.#gamma);
    this.#losses = (9 * channels + 1) * LOSSES * UNDERFLOW;
    this.#bias = bias.map((b) => Math.abs(b) * this.#gamma);
    const [rows, line] = [LINES[TILE_ROWS].kernel, this.#line.kernel];
    const elements = rows.length * line.length;
    this.#kernel = new Float64Array(elements * pairs);
    const taps = new Float64Array(9);
    for (let pair = 0; pair < pairs; pair++) {
      for (let tap = 0; tap < 9; tap++) taps[tap] = weights[tap * pairs + pair];
      const exact = transform(taps, rows, line);
      const sums = transform(taps.map(Math.abs), absolute(rows), absolute(line));
      for (let e = 0; e < elements; e++) {
        this.#kernel[e * pairs + pair] = Math.abs(exact[e]) + this.#share * sums[e];
      }
    }
  }

  /** Of every output for inputs in a box, `[height, width, filters]`; 0 where no pool reads it. */
  errors({ lower, upper }: Box): Float64Array {
    const { input, output, before } = this.#shape;
    const [height, width, channels] = input;
    const filters = output[2];
    const [rows, columns] = [pooled(output[0]), pooled(output[1])];
    const [tileHeight, tileWidth] = [TILE_ROWS + 2, this.#span + 2];
    const out = new Float64Array(output[0] * output[1] * filters);
    const elements = tileHeight * this.#line.inputs.length;
    const images = new Float64Array(elements * channels);
    const [center, radius, largest] = Array.from(
      { length: 3 },
      () => new Float64Array(tileHeight * tileWidth),
    );
    const [short, long] = [LINES[TILE_ROWS], this.#line];
    const [shortRadius, longRadius] = [absolute(short.inputs), absolute(long.inputs)];
    for (let top = 0; top < rows; top += TILE_ROWS) {
      for (let start = 0; start < columns; start += this.#span) {
        const left = Math.min(start, columns - this.#span);
        for (let c = 0; c < channels; c++) {
          for (let i = 0; i < tileHeight * tileWidth; i++) {
            const y = top + Math.floor(i / tileWidth) - before[0];
            const x = left + (i % tileWidth) - before[1];
            const isInside = y >= 0 && y < height && x >= 0 && x < width;
            const at = (y * width + x) * channels + c;
            const [low, high] = isInside ? [lower[at], upper[at]] : [0, 0];
            center[i] = (low + high) / 2;
            radius[i] = (high - low) / 2;
            largest[i] = Math.max(Math.abs(low), Math.abs(high));
          }
          const middle = transform(center, short.inputs, long.inputs);
          const around = transform(radius, shortRadius, longRadius);
          const sums = transform(largest, short.added, long.added);
          for (let e = 0; e < elements; e++) {
            images[e * channels + c] = Math.abs(middle[e]) + around[e] + this.#share * sums[e];
          }
        }
        this.#spread(
          images,
          (row, column) => ((top + row) * output[1] + left + column) * filters,
          out,
        );
      }
    }
    this.#level(out);
    return out;
  }

  /** One tile: `out[at(row, column) + filter]` becomes what it is off by, where that is more. */
  #spread(images: Float64Array, at: (row: number, column: number) => number, out: Float64Array) {
    const [, , channels] = this.#shape.input;
    const filters = this.#shape.output[2];
    const [rows, line] = [absolute(LINES[TILE_ROWS].outputs), absolute(this.#line.outputs)];
    const length = line[0].length;
    const sums = new Float64Array(rows.length * line.length * filters);
    const products = new Float64Array(filters);
    for (let e = 0; e < rows[0].length * length; e++) {
      products.fill(0);
      for (let c = 0; c < channels; c++) {
        const image = images[e * channels + c];
        if (image === 0) continue;
        const from = (e * channels + c) * filters;
        for (let o = 0; o < filters; o++) products[o] += image * this.#kernel[from + o];
      }
      for (let row = 0; row < rows.length; row++) {
        for (let column = 0; column < line.length; column++) {
          const factor = rows[row][Math.floor(e / length)] * line[column][e % length];
          if (factor === 0) continue;
          const to = (row * line.length + column) * filters;
          for (let o = 0; o < filters; o++) sums[to + o] += factor * products[o];
        }
      }
    }
    for (let row = 0; row < rows.length; row++) {
      for (let column = 0; column < line.length; column++) {
        const [from, to] = [(row * line.length + column) * filters, at(row, column)];
        for (let o = 0; o < filters; o++) {
          const error = this.#gamma * sums[from + o] + this.#bias[o] + this.#losses;
          if (error > out[to + o]) out[to + o] = error;
        }
      }
    }
  }

  /** Outputs of a pool's window with equal inputs get one's value: any may have any other's error. */
  #level(out: Float64Array): void {
    const [, width, filters] = this.#shape.output;
    const [rows, columns] = [pooled(this.#shape.output[0]), pooled(this.#shape.output[1])];
    for (let y = 0; y < rows; y += 2) {
      for (let x = 0; x < columns; x += 2) {
        const first = (y * width + x) * filters;
        const window = [first, first + filters];
        window.push(...window.map((at) => at + width * filters));
        for (let o = 0; o < filters; o++) {
          const most = Math.max(...window.map((at) => out[at + o]));
          for (const at of window) out[at + o] = most;
        }
      }
    }
  }
}

/** The rows or columns that windows of 2 read. */
const pooled = (size: number) => size - (size % 2);
