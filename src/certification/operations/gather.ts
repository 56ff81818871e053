import { gamma } from '../rounding.ts';
import { type Box, emptyBox, type LinearOperation } from './operation.ts';

/** Position of a number that is no input's: zero. */
export const NOWHERE = -1;

/**
 * Each output is a sum of one number from every input that has a place for it. With places in one
 * input only it moves numbers (concat, slice, pad, transpose); with places in all it adds them.
 */
export class Gather implements LinearOperation {
  readonly kind = 'linear';
  readonly size: number;
  readonly #places: readonly Int32Array[];
  readonly #error: number;

  /** @param places for each input, `[size]`: the position in it of each output, or `NOWHERE` */
  constructor(places: readonly Int32Array[]) {
    this.size = places[0].length;
    this.#places = places;
    const adds = places[0].some((_, i) => places.filter((from) => from[i] !== NOWHERE).length > 1);
    this.#error = adds ? gamma(places.length - 1) : 0;
  }

  interval(inputs: readonly Box[]): Box {
    const box = emptyBox(this.size);
    this.#sum(
      inputs.map(({ lower }) => lower),
      box.lower,
    );
    this.#sum(
      inputs.map(({ upper }) => upper),
      box.upper,
    );
    const error = this.error(inputs);
    for (let i = 0; error && i < this.size; i++) {
      box.lower[i] -= error[i];
      box.upper[i] += error[i];
    }
    return box;
  }

  error(inputs: readonly Box[]): Float64Array | undefined {
    if (this.#error === 0) return undefined;
    const out = new Float64Array(this.size);
    const largest = inputs.map(({ lower, upper }) =>
      lower.map((low, i) => Math.max(Math.abs(low), Math.abs(upper[i]))),
    );
    this.#sum(largest, out);
    return out.map((sum) => sum * this.#error);
  }

  forward(inputs: readonly Float64Array[]): Float64Array {
    const out = new Float64Array(this.size);
    this.#sum(inputs, out);
    return out;
  }

  #sum(inputs: readonly Float64Array[], out: Float64Array): void {
    this.#places.forEach((places, k) => {
      const input = inputs[k];
      for (let i = 0; i < places.length; i++) {
        if (places[i] !== NOWHERE) out[i] += input[places[i]];
      }
    });
  }

  backward(coefficients: Float64Array, rows: number, inputs: readonly Float64Array[]): void {
    this.#places.forEach((places, k) => {
      const into = inputs[k];
      const inputSize = into.length / rows;
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < this.size; i++) {
          if (places[i] !== NOWHERE) {
            into[row * inputSize + places[i]] += coefficients[row * this.size + i];
          }
        }
      }
    });
  }
}
