/**
 * The memory of tensors, and its reuse.
 *
 * The rule: a compiled kernel's output gets a block from the pool, and the block goes back when the
 * last reference to the tensor is disposed. JavaScript never sees a block: `dataSync` and inherited
 * kernels get a copy, which replaces it.
 *
 * Reuse matters: fresh pages cost half of a training step (page faults), and shapes repeat at
 * every step, so free blocks are kept by size (`blockSize`).
 */

/** A run of bytes that one tensor owns. `buffer` may change when WebAssembly memory grows. */
export interface Block {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Where fresh blocks come from: the JavaScript heap or a WebAssembly module's memory. */
export interface Memory {
  /** @throws RangeError when there is no memory left */
  allocate(byteLength: number): Block;
  free(block: Block): void;
  /** True when compiled kernels can read any JavaScript array without a copy. */
  readonly isHeap: boolean;
}

/** Where tensors get their blocks from. */
export interface BlockSource {
  /** True when compiled kernels can read any JavaScript array without a copy. */
  readonly isHeap: boolean;
  /** A block of at least `byteLength` bytes with arbitrary contents. */
  acquire(byteLength: number): Block;
  /** The same for values that come from JavaScript and not from a kernel. */
  acquireForValues(byteLength: number): Block;
  release(block: Block): void;
  /** Called before JavaScript sees the values that a kernel wrote into a block. */
  expose(block: Block): void;
}

export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** Vector loads that cross a cache line cost twice: blocks start at one. */
const ALIGNMENT = 64;

/**
 * Blocks on the JavaScript heap, freed by the garbage collector.
 *
 * @param misalignment an array's address modulo 64, which only the addon can find out
 */
export function heapMemory(misalignment: (array: Float32Array) => number): Memory {
  return {
    isHeap: true,
    allocate(byteLength) {
      const buffer = new ArrayBuffer(byteLength + ALIGNMENT);
      const excess = misalignment(new Float32Array(buffer));
      return { buffer, byteOffset: (ALIGNMENT - excess) % ALIGNMENT, byteLength };
    },
    free() {},
  };
}

/**
 * The size of the block that `byteLength` bytes get: one of eight between two powers of two. An
 * attack's batch shrinks image by image, and blocks of exact sizes would never be used again.
 */
function blockSize(byteLength: number): number {
  const step = Math.max(ALIGNMENT, 2 ** (Math.floor(Math.log2(Math.max(byteLength, 1))) - 3));
  return Math.ceil(byteLength / step) * step;
}

/** Free blocks beyond this many bytes go back to the memory they came from. */
const DEFAULT_LIMIT = 1 << 29;

export class BufferPool implements BlockSource {
  readonly #memory: Memory;
  readonly #limit: number;
  /** Free blocks by size, in the order in which sizes were first released. */
  readonly #free = new Map<number, Block[]>();
  #freeBytes = 0;
  /** Fill freed blocks with NaN, so that a tensor that still reads one is detected. */
  poison = false;

  constructor(memory: Memory, limit = DEFAULT_LIMIT) {
    this.#memory = memory;
    this.#limit = limit;
  }

  get isHeap(): boolean {
    return this.#memory.isHeap;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  acquire(byteLength: number): Block {
    const size = blockSize(byteLength);
    const block = this.#free.get(size)?.pop();
    if (block === undefined) return this.#memory.allocate(size);
    this.#freeBytes -= size;
    return block;
  }

  acquireForValues(byteLength: number): Block {
    return this.acquire(byteLength);
  }

  expose(): void {}

  release(block: Block): void {
    if (this.poison) {
      new Float32Array(block.buffer, block.byteOffset, block.byteLength >> 2).fill(Number.NaN);
    }
    const size = block.byteLength;
    const blocks = this.#free.get(size);
    if (blocks === undefined) this.#free.set(size, [block]);
    else blocks.push(block);
    this.#freeBytes += size;
    if (this.#freeBytes > this.#limit) this.#trim(this.#limit / 2);
  }

  /** Gives all free blocks back to the memory they came from. */
  clear(): void {
    this.#trim(0);
  }

  /** Gives free blocks back, a size at a time, until at most `bytes` are left. */
  #trim(bytes: number): void {
    for (const [size, blocks] of this.#free) {
      if (this.#freeBytes <= bytes) return;
      for (const block of blocks) this.#memory.free(block);
      this.#freeBytes -= size * blocks.length;
      this.#free.delete(size);
    }
  }
}
