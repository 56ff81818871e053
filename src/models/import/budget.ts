import { damaged } from './errors.ts';

/** Numbers that any model may compute at import, such as shapes and folded constants. */
const FREE = 2 ** 24;
/** Numbers for each byte of the model: weights are decoded, converted and moved. */
const PER_BYTE = 4;

/**
 * How many numbers an import may decode and compute as constants, by the size of what it reads: a
 * small file can ask for more than any memory holds, by doubling a constant again and again.
 */
export class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = FREE + PER_BYTE * bytes;
  }

  /** Takes more bytes of the model into account. */
  add(bytes: number): void {
    this.#left += PER_BYTE * bytes;
  }

  /** @throws ImportError when the model asks for more than its size accounts for */
  spend(numbers: number): void {
    this.#left -= numbers;
    if (this.#left < 0) {
      throw damaged('the model computes far more constants than its size accounts for');
    }
  }
}
