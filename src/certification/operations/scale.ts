import { gamma, UNDERFLOW } from '../rounding.ts';
import { type Box, emptyBox, type LinearOperation } from './operation.ts';

/** Roundings of a product and a sum; one more where the factor is itself a quotient. */
const ROUNDINGS = 3;

/** `x * scale + offset`, element by element. */
export class Scale implements LinearOperation {
  readonly kind = 'linear';
  readonly size: number;
  readonly #scale: Float64Array;
  readonly #offset: Float64Array;

  /** @param scale `[size]`, like `offset` */
  constructor(scale: Float64Array, offset: Float64Array) {
    this.size = scale.length;
    this.#scale = scale;
    this.#offset = offset;
  }

  interval(inputs: readonly Box[]): Box {
    const [{ lower, upper }] = inputs;
    const error = this.error(inputs);
    const box = emptyBox(this.size);
    for (let i = 0; i < this.size; i++) {
      const [a, b] = [lower[i] * this.#scale[i], upper[i] * this.#scale[i]];
      box.lower[i] = Math.min(a, b) + this.#offset[i] - error[i];
      box.upper[i] = Math.max(a, b) + this.#offset[i] + error[i];
    }
    return box;
  }

  error([{ lower, upper }]: readonly Box[]): Float64Array {
    const relative = gamma(ROUNDINGS);
    return this.#scale.map((scale, i) => {
      const largest = Math.max(Math.abs(lower[i]), Math.abs(upper[i]));
      return relative * (Math.abs(scale) * largest + Math.abs(this.#offset[i])) + 2 * UNDERFLOW;
    });
  }

  forward([input]: readonly Float64Array[]): Float64Array {
    return input.map((x, i) => x * this.#scale[i] + this.#offset[i]);
  }

  backward(
    coefficients: Float64Array,
    rows: number,
    [into]: readonly Float64Array[],
    constants: Float64Array,
    magnitudes: Float64Array,
  ): void {
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < this.size; i++) {
        const coefficient = coefficients[row * this.size + i];
        into[row * this.size + i] += coefficient * this.#scale[i];
        constants[row] += coefficient * this.#offset[i];
        magnitudes[row] += Math.abs(coefficient * this.#offset[i]);
      }
    }
  }
}
