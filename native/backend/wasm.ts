import type { Kernels } from './kernels.ts';
import type { Block, Memory, TypedArray } from './memory.ts';

/** The allocator that `native/src/wasm.cc` adds to the kernels. Pointers are offsets in bytes. */
interface Allocator {
  readonly memory: WebAssembly.Memory;
  allocate(byteLength: number): number;
  release(pointer: number, byteLength: number): void;
  arguments(): number;
}

/** `buffer` is looked up at every use: it is another object once memory has grown. */
class WasmBlock implements Block {
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly #memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory, byteOffset: number, byteLength: number) {
    this.#memory = memory;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
  }

  get buffer(): ArrayBuffer {
    return this.#memory.buffer as ArrayBuffer;
  }
}

/** The largest size class of the module's allocator: 7/8 of its 4 GiB. */
const MAX_BLOCK_BYTES = 7 * 2 ** 29;

class WasmMemory implements Memory {
  readonly isHeap = false;
  readonly #allocator: Allocator;

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  allocate(byteLength: number): Block {
    // The module sees sizes modulo 2^32.
    const fits = byteLength <= MAX_BLOCK_BYTES;
    const pointer = fits ? this.#allocator.allocate(byteLength) >>> 0 : 0;
    if (pointer === 0) {
      throw new RangeError(
        `WebAssembly memory is exhausted (${byteLength} bytes more were needed)`,
      );
    }
    return new WasmBlock(this.#allocator.memory, pointer, byteLength);
  }

  free(block: Block): void {
    this.#allocator.release(block.byteOffset, block.byteLength);
  }
}

const ARGUMENT_BYTES = 4096;

/**
 * Wraps an exported function so that it takes typed arrays: those in the module's memory are
 * passed as pointers, small ones from elsewhere (geometries, shapes) are copied in first.
 */
function wrap(
  call: (...args: number[]) => number,
  allocator: Allocator,
): (...args: unknown[]) => unknown {
  const { memory } = allocator;
  const area = allocator.arguments();
  const pointerTo = (array: TypedArray, used: number): number => {
    if (array.byteLength === 0 || used + array.byteLength > ARGUMENT_BYTES) {
      throw new TypeError('an array that a kernel works on is not in WebAssembly memory');
    }
    new Uint8Array(memory.buffer, area + used, array.byteLength).set(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
    return area + used;
  };
  return (...args) => {
    let used = 0;
    const numbers = args.map((argument) => {
      if (typeof argument === 'number') return argument;
      if (argument === null) return 0;
      const array = argument as TypedArray;
      if (array.buffer === memory.buffer) return array.byteOffset;
      const pointer = pointerTo(array, used);
      used += (array.byteLength + 15) & ~15;
      return pointer;
    });
    return call(...numbers);
  };
}

type RunPlan = (words: number, length: number, slots: number) => void;

/** Pointers to the slots are copied in first; `words` must be in the module's memory. */
function wrapPlan(call: RunPlan, allocator: Allocator): Kernels['run_plan'] {
  const area = allocator.arguments();
  return (words, begin, end, slots) => {
    if (4 * slots.length > ARGUMENT_BYTES) throw new RangeError('too many slots for a plan');
    const pointers = new Uint32Array(allocator.memory.buffer, area, slots.length);
    for (const [i, slot] of slots.entries()) pointers[i] = slot.byteOffset;
    call(words.byteOffset + 4 * begin, end - begin, area);
  };
}

/** Instantiates the module and wraps its exports. */
export async function loadWasm(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ kernels: Kernels; memory: Memory }> {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const allocator = instance.exports as unknown as Allocator;
  const kernels: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(instance.exports)) {
    if (typeof value !== 'function' || name in ALLOCATOR_NAMES) continue;
    kernels[name] = wrap(value as (...args: number[]) => number, allocator);
  }
  kernels.run_plan = wrapPlan(instance.exports.run_plan as RunPlan, allocator);
  return { kernels: kernels as unknown as Kernels, memory: new WasmMemory(allocator) };
}

const ALLOCATOR_NAMES = { allocate: true, release: true, arguments: true };
