/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy
 * as 1, 2, 3", SC 2011).
 *
 * A stream is named by a seed and a label; two streams with different names are independent, and
 * a stream's position is one number that can be saved and restored. TensorFlow.js's own
 * generators are not used anywhere: `seed` 0 is ignored by several of them, and `fit` shuffles
 * with `Math.random`.
 */

import { compiledBackend } from '../../native/backend/browser.ts';
import { normalFrom } from './normals.ts';

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  // Neither sum passes 2^32 - 1, so that shifts are exact (and several times faster than division).
  const middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) >>> 0;
}

/** Writes one block into `words` from `at` on; numbers by themselves, as arrays would double its time. */
function writeBlock(
  words: Uint32Array,
  at: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = mulHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = mulHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  words[at] = c0;
  words[at + 1] = c1;
  words[at + 2] = c2;
  words[at + 3] = c3;
}

/**
 * One Philox4x32-10 block: four random words from a 128-bit counter and a 64-bit key.
 * Verified against the known-answer vectors of the authors' Random123 library.
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  const words = new Uint32Array(4);
  writeBlock(words, 0, ...counter, ...key);
  const [a, b, c, d] = words;
  return [a, b, c, d];
}

/** The upper half of a block's number, which is the second word of its counter. */
const upperHalf = (block: number) => Math.floor(block / 0x100000000);

/** Words drawn at once in bulk: what a core's cache holds beside other things. */
const BULK_WORDS = 1 << 14;
/** Fewer words than this are not worth a call of compiled code. */
const FEW_WORDS = 256;

/** Fills an array with the words of consecutive blocks, by compiled code where the engine has it. */
function fillWords(words: Uint32Array, block: number, key: readonly [number, number]): void {
  const compiled = words.length < FEW_WORDS ? undefined : compiledBackend();
  if (compiled) {
    compiled.randomWords(words, block, key);
    return;
  }
  const [k0, k1] = key;
  for (let at = 0; at < words.length; at += 4) {
    const counter = block + at / 4;
    writeBlock(words, at, counter >>> 0, upperHalf(counter), 0, 0, k0, k1);
  }
}

/** FNV-1a, 64 bits as two words: turns a label into a key. Not cryptographic. */
function hashLabel(label: string): [number, number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(label)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}

/**
 * A named stream of random numbers.
 *
 * ```ts
 * const stream = new RandomStream(7, 'train-teacher/shuffle');
 * const child = stream.child('epoch 3'); // independent of its parent's position
 * ```
 */
export class RandomStream {
  readonly seed: number;
  readonly label: string;
  readonly #key: [number, number];
  #block: [number, number, number, number] = [0, 0, 0, 0];
  /** How many 32-bit words have been drawn: the whole state of the stream. */
  #position = 0;

  /**
   * @param seed integer in [0, 2^53)
   * @throws RangeError when the seed is not such an integer
   */
  constructor(seed: number, label: string) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`a seed is an integer from 0 to 2^53 - 1, not ${seed}`);
    }
    this.seed = seed;
    this.label = label;
    const [low, high] = hashLabel(label);
    this.#key = philox(
      [seed >>> 0, Math.floor(seed / 0x100000000), low, high],
      [0x64697374, 0x696c6c00],
    ).slice(0, 2) as [number, number];
  }

  /** A stream of its own, named below this one; does not depend on this one's position. */
  child(label: string | number): RandomStream {
    return new RandomStream(this.seed, `${this.label}/${label}`);
  }

  get position(): number {
    return this.#position;
  }

  /** Moves to a position saved earlier. */
  set position(words: number) {
    this.#position = words;
    if (words % 4 !== 0) this.#refill(Math.floor(words / 4));
  }

  #refill(block: number): void {
    this.#block = philox([block >>> 0, upperHalf(block), 0, 0], this.#key);
  }

  /** A uniform unsigned 32-bit integer. */
  uint32(): number {
    const lane = this.#position % 4;
    if (lane === 0) this.#refill(this.#position / 4);
    this.#position++;
    return this.#block[lane];
  }

  /** Uniform in [0, 1), 24 bits: every value is exact in float32. */
  uniform(): number {
    return (this.uint32() >>> 8) / 0x1000000;
  }

  /** Standard normal (Box-Muller; two words a draw, so positions stay predictable). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 0x100000000));
    return radius * Math.cos((2 * Math.PI * this.uint32()) / 0x100000000);
  }

  /** The next words, as `uint32` would give them one by one. */
  words(count: number): Uint32Array {
    const used = this.#position % 4;
    const words = new Uint32Array(4 * Math.ceil((used + count) / 4));
    fillWords(words, Math.floor(this.#position / 4), this.#key);
    this.position += count;
    return words.subarray(used, used + count);
  }

  /**
   * Fills an array with normal numbers of mean 0; about one word a number. Filling it in parts gives
   * the same numbers.
   */
  fillNormal(values: Float32Array, deviation: number): void {
    // Some more than there are numbers: one in a hundred takes several words.
    const most = 4 * Math.ceil((1.05 * values.length + 16) / 4);
    const words = new Uint32Array(Math.min(BULK_WORDS, most));
    let block = Math.floor(this.#position / 4);
    let at = this.#position % 4;
    fillWords(words, block, this.#key);
    const next = () => {
      if (at === words.length) {
        block += words.length / 4;
        fillWords(words, block, this.#key);
        at = 0;
      }
      return words[at++];
    };
    for (let i = 0; i < values.length; i++) values[i] = deviation * normalFrom(next(), next);
    this.position = 4 * block + at;
  }

  /** Uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    const limit = 0x100000000 - (0x100000000 % bound);
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % bound;
  }

  /** A random permutation of 0 … length - 1 (Fisher-Yates). */
  permutation(length: number): Uint32Array {
    const order = Uint32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
