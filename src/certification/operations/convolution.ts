import { gamma, UNDERFLOW } from '../rounding.ts';
import type { ConvolutionShape } from './convolution-shape.ts';
import { type Box, emptyBox, type LinearOperation, magnitudeOf } from './operation.ts';
import { WinogradRounding } from './winograd.ts';

/**
 * A convolution, `y = sum of w x + b`, in NHWC.
 *
 * Intervals go by center and radius: the image of a box is `W c + b` plus and minus `|W| r` (Gowal et
 * al. 2018, arXiv 1810.12715). Float32's rounding, at most `gamma (|W||x| + |b|)`, is part of the
 * radius that goes in, so that it costs no pass of its own.
 *
 * @param weights `[kernel height, kernel width, channels / groups, filters]`
 * @param bias `[filters]`
 * @param extraRoundings of each output, such as of a division afterwards
 */
export class Convolution implements LinearOperation {
  readonly kind = 'linear';
  readonly size: number;
  readonly #shape: ConvolutionShape;
  readonly #weights: Float64Array;
  readonly #absolute: Float64Array;
  readonly #bias: Float64Array;
  readonly #gamma: number;
  readonly #terms: number;
  readonly #winograd: WinogradRounding | undefined;
  /** `[filters, channels]` of a dense layer, where a backward pass can leave out filters. */
  readonly #transposed: Float64Array | undefined;

  constructor(
    shape: ConvolutionShape,
    weights: ArrayLike<number>,
    bias: ArrayLike<number> | undefined,
    extraRoundings = 0,
  ) {
    this.#shape = shape;
    this.size = shape.output.reduce((a, b) => a * b, 1);
    this.#weights = Float64Array.from(weights);
    this.#absolute = this.#weights.map(Math.abs);
    this.#bias = bias ? Float64Array.from(bias) : new Float64Array(shape.output[2]);
    this.#terms = shape.kernel[0] * shape.kernel[1] * (shape.input[2] / shape.groups) + 1;
    this.#gamma = gamma(this.#terms + extraRoundings);
    this.#winograd = WinogradRounding.of(shape, this.#weights, this.#bias);
    this.#transposed = isVector(shape) ? transposed(this.#weights, shape) : undefined;
  }

  interval([{ lower, upper }]: readonly Box[]): Box {
    const inputs = lower.length;
    const center = new Float64Array(inputs);
    const radius = new Float64Array(inputs);
    for (let i = 0; i < inputs; i++) {
      const c = (lower[i] + upper[i]) / 2;
      const r = (upper[i] - lower[i]) / 2;
      center[i] = c;
      radius[i] = r + this.#gamma * (Math.abs(c) + r);
    }
    const box = emptyBox(this.size);
    // `lower` holds centers and `upper` radii until the end.
    this.#fill(box.lower, this.#bias, 1);
    this.#fill(box.upper, this.#bias.map(Math.abs), this.#gamma);
    this.#add(this.#weights, center, box.lower);
    this.#add(this.#absolute, radius, box.upper);
    const winograd = this.#winograd?.errors({ lower, upper });
    for (let i = 0; i < this.size; i++) {
      const c = box.lower[i];
      const r = box.upper[i] + this.#terms * UNDERFLOW + (winograd?.[i] ?? 0);
      box.lower[i] = c - r;
      box.upper[i] = c + r;
    }
    return box;
  }

  error([input]: readonly Box[]): Float64Array {
    const out = new Float64Array(this.size);
    this.#fill(out, this.#bias.map(Math.abs), 1);
    this.#add(this.#absolute, magnitudeOf(input), out);
    const winograd = this.#winograd?.errors(input);
    for (let i = 0; i < out.length; i++) {
      out[i] = this.#gamma * out[i] + this.#terms * UNDERFLOW;
      if (winograd) out[i] += winograd[i];
    }
    return out;
  }

  forward([input]: readonly Float64Array[]): Float64Array {
    const out = new Float64Array(this.size);
    this.#fill(out, this.#bias, 1);
    this.#add(this.#weights, input, out);
    return out;
  }

  #fill(out: Float64Array, perFilter: Float64Array, factor: number): void {
    const filters = perFilter.length;
    for (let i = 0; i < out.length; i++) out[i] = factor * perFilter[i % filters];
  }

  /** Output columns whose window's tap `kx` lies inside the image: from, and up to but without. */
  #columns(kx: number): readonly [number, number] {
    const { input, output, strides, dilations, before } = this.#shape;
    const shift = kx * dilations[1] - before[1];
    const first = Math.max(0, Math.ceil(-shift / strides[1]));
    const last = Math.min(output[1] - 1, Math.floor((input[1] - 1 - shift) / strides[1]));
    return [first, last + 1];
  }

  /** Adds the products of `input` and `weights` to `out`. */
  #add(weights: Float64Array, input: Float64Array, out: Float64Array): void {
    const { input: sizes, output, kernel, strides, dilations, before, groups } = this.#shape;
    const [height, width, channels] = sizes;
    const [rows, columns, filters] = output;
    const [inGroup, outGroup] = [channels / groups, filters / groups];
    for (let oh = 0; oh < rows; oh++) {
      for (let ky = 0; ky < kernel[0]; ky++) {
        const y = oh * strides[0] + ky * dilations[0] - before[0];
        if (y < 0 || y >= height) continue;
        for (let kx = 0; kx < kernel[1]; kx++) {
          const [first, end] = this.#columns(kx);
          const shift = kx * dilations[1] - before[1];
          for (let c = 0; c < channels; c++) {
            const group = Math.floor(c / inGroup);
            const from =
              ((ky * kernel[1] + kx) * inGroup + (c - group * inGroup)) * filters +
              group * outGroup;
            for (let ow = first; ow < end; ow++) {
              const x = input[(y * width + ow * strides[1] + shift) * channels + c];
              if (x === 0) continue;
              const to = (oh * columns + ow) * filters + group * outGroup;
              for (let o = 0; o < outGroup; o++) out[to + o] += x * weights[from + o];
            }
          }
        }
      }
    }
  }

  backward(
    coefficients: Float64Array,
    rowCount: number,
    [into]: readonly Float64Array[],
    constants: Float64Array,
    magnitudes: Float64Array,
  ): void {
    const { input: sizes, output, kernel, strides, dilations, before, groups } = this.#shape;
    const [height, width, channels] = sizes;
    const [rows, columns, filters] = output;
    const [inGroup, outGroup] = [channels / groups, filters / groups];
    const inputSize = height * width * channels;
    const pixels = rows * columns;
    const isEmpty = this.#addBias(coefficients, rowCount, constants, magnitudes);
    if (this.#transposed) {
      backwardDense(this.#transposed, channels, coefficients, rowCount, into);
      return;
    }
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        const [first, end] = this.#columns(kx);
        const shift = kx * dilations[1] - before[1];
        for (let c = 0; c < channels; c++) {
          const group = Math.floor(c / inGroup);
          const from =
            ((ky * kernel[1] + kx) * inGroup + (c - group * inGroup)) * filters + group * outGroup;
          for (let row = 0; row < rowCount; row++) {
            for (let oh = 0; oh < rows; oh++) {
              const y = oh * strides[0] + ky * dilations[0] - before[0];
              if (y < 0 || y >= height) continue;
              for (let ow = first; ow < end; ow++) {
                const pixel = row * pixels + oh * columns + ow;
                if (isEmpty[pixel] === 1) continue;
                const at = pixel * filters + group * outGroup;
                into[row * inputSize + (y * width + ow * strides[1] + shift) * channels + c] += dot(
                  coefficients,
                  at,
                  this.#weights,
                  from,
                  outGroup,
                );
              }
            }
          }
        }
      }
    }
  }

  /** Adds the bias' part and marks the pixels all of whose coefficients are 0, `[rows, pixels]`. */
  #addBias(
    coefficients: Float64Array,
    rowCount: number,
    constants: Float64Array,
    magnitudes: Float64Array,
  ): Uint8Array {
    const bias = this.#bias;
    const filters = bias.length;
    const pixels = this.size / filters;
    const isEmpty = new Uint8Array(rowCount * pixels).fill(1);
    for (let pixel = 0; pixel < isEmpty.length; pixel++) {
      let sum = 0;
      let magnitude = 0;
      for (let o = 0; o < filters; o++) {
        const coefficient = coefficients[pixel * filters + o];
        if (coefficient === 0) continue;
        isEmpty[pixel] = 0;
        sum += coefficient * bias[o];
        magnitude += Math.abs(coefficient * bias[o]);
      }
      const row = Math.floor(pixel / pixels);
      constants[row] += sum;
      magnitudes[row] += magnitude;
    }
    return isEmpty;
  }
}

/** Whether it is a dense layer of one vector. */
function isVector({ input, output, kernel, groups }: ConvolutionShape): boolean {
  const pixels = [input[0], input[1], output[0], output[1], ...kernel];
  return groups === 1 && pixels.every((size) => size === 1);
}

/** `[filters, channels]` of `[channels, filters]`. */
function transposed(weights: Float64Array, { input, output }: ConvolutionShape): Float64Array {
  const [channels, filters] = [input[2], output[2]];
  const out = new Float64Array(weights.length);
  for (let c = 0; c < channels; c++) {
    for (let o = 0; o < filters; o++) out[o * channels + c] = weights[c * filters + o];
  }
  return out;
}

/** Filters with a coefficient of 0, such as those of ReLUs that are off, cost nothing. */
function backwardDense(
  weights: Float64Array,
  channels: number,
  coefficients: Float64Array,
  rowCount: number,
  into: Float64Array,
): void {
  const filters = coefficients.length / rowCount;
  for (let row = 0; row < rowCount; row++) {
    const own = into.subarray(row * channels, (row + 1) * channels);
    for (let o = 0; o < filters; o++) {
      const coefficient = coefficients[row * filters + o];
      if (coefficient === 0) continue;
      const from = weights.subarray(o * channels, (o + 1) * channels);
      for (let c = 0; c < channels; c++) own[c] += coefficient * from[c];
    }
  }
}

function dot(
  a: Float64Array,
  aFrom: number,
  b: Float64Array,
  bFrom: number,
  length: number,
): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[aFrom + i] * b[bFrom + i];
    s1 += a[aFrom + i + 1] * b[bFrom + i + 1];
    s2 += a[aFrom + i + 2] * b[bFrom + i + 2];
    s3 += a[aFrom + i + 3] * b[bFrom + i + 3];
  }
  for (; i < length; i++) s0 += a[aFrom + i] * b[bFrom + i];
  return s0 + s1 + (s2 + s3);
}
