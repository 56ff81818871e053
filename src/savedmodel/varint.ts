/** Little-endian base-128 integers, and a cursor that refuses to leave its buffer. */

/** Encodes an integer in [0, 2^53). */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  while (value >= 0x80) {
    bytes.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  bytes.push(value);
  return Uint8Array.from(bytes);
}

/** Reads from a buffer front to back. Every method throws `RangeError` instead of leaving it. */
export class Cursor {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** An integer in [0, 2^53). */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      if (this.done) throw new RangeError('a variable-length integer runs past the end');
      const byte = this.#bytes[this.#position++];
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 49) {
        throw new RangeError('a variable-length integer is too large');
      }
      if (byte < 0x80) return value;
    }
  }

  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#position) {
      throw new RangeError(`a length field of ${length} points past the end`);
    }
    const start = this.#position;
    this.#position += length;
    return this.#bytes.subarray(start, this.#position);
  }
}
