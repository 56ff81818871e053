import type { Kernels } from './kernels.ts';
import type { Block, Memory, TypedArray } from './memory.ts';

/** The allocator that `native/src/wasm.cc` adds to the kernels. Pointers are offsets in bytes. */
interface Allocator {
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
  readonly #memory: WebAssembly.Memory;

  constructor(allocator: Allocator, memory: WebAssembly.Memory) {
    this.#allocator = allocator;
    this.#memory = memory;
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
    return new WasmBlock(this.#memory, pointer, byteLength);
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
  memory: WebAssembly.Memory,
  area: number,
): (...args: unknown[]) => unknown {
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
function wrapPlan(call: RunPlan, memory: WebAssembly.Memory, area: number): Kernels['run_plan'] {
  return (words, begin, end, slots) => {
    if (4 * slots.length > ARGUMENT_BYTES) throw new RangeError('too many slots for a plan');
    const pointers = new Uint32Array(memory.buffer, area, slots.length);
    for (const [i, slot] of slots.entries()) pointers[i] = slot.byteOffset;
    call(words.byteOffset + 4 * begin, end - begin, area);
  };
}

/** How the kernels get JavaScript workers, which share the module's memory. */
export interface WorkerHost {
  /** Whether the thread that calls kernels may sleep: not the main thread of a browser. */
  readonly mayWait: boolean;
  /**
   * Starts a worker that runs a script and calls the function `serve` in it with `data`.
   *
   * @throws Error when the system starts no more
   */
  start(script: string, data: object): void;
}

/** Every worker has an instance of the module of its own, and a stack (`native/src/wasm_threads.cc`). */
const WORKER_SCRIPT = `function serve({ module, memory, worker, stackEnd }) {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  exports.__stack_pointer.value = stackEnd;
  try {
    exports.serve(worker);
  } catch {
    exports.abandon();
  }
}
`;

/** As much as the calling thread has (`native/build/wasm.mjs`). */
const STACK_BYTES = 1 << 20;

/** What the module exports for its pool of threads. */
interface Pool {
  set_threads(count: number): number;
  set_may_wait(mayWait: number): void;
}

/** Starts the workers that are missing; those that are too many sleep. */
function wrapThreads(
  pool: Pool,
  memory: Memory,
  host: WorkerHost,
  shared: { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory },
): Kernels['set_threads'] {
  let threads = 1;
  pool.set_may_wait(Number(host.mayWait));
  return (count) => {
    const wanted = pool.set_threads(count);
    try {
      for (; threads < wanted; threads++) {
        const stackEnd = memory.allocate(STACK_BYTES).byteOffset + STACK_BYTES;
        host.start(WORKER_SCRIPT, { ...shared, worker: threads, stackEnd });
      }
    } catch {
      // The system starts no more workers, or memory is exhausted: go on with those.
    }
    return pool.set_threads(Math.min(wanted, threads));
  };
}

/** The module's one import: `memory` of `env`, whose limits begin with a byte of flags. */
const MEMORY_IMPORT = '\x03env\x06memory\x02';
const SHARED = 3;
const NOT_SHARED = 1;

/** The same module for a memory that is not shared. */
function withoutSharing(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const head = String.fromCharCode(...bytes.subarray(0, 4096));
  const flags = head.indexOf(MEMORY_IMPORT) + MEMORY_IMPORT.length;
  if (bytes[flags] !== SHARED) throw new TypeError('not the module of the kernels');
  const copy = bytes.slice();
  copy[flags] = NOT_SHARED;
  return copy;
}

/** The limits that the module asks for, in pages of 64 KiB. */
const INITIAL_PAGES = 256;
const MAXIMUM_PAGES = 65535;

/**
 * Instantiates the module and wraps its exports.
 *
 * @param host starts workers; without it kernels run on the calling thread alone
 */
export async function loadWasm(
  bytes: Uint8Array<ArrayBuffer>,
  host?: WorkerHost,
): Promise<{ kernels: Kernels; memory: Memory }> {
  const memory = new WebAssembly.Memory({
    initial: INITIAL_PAGES,
    maximum: MAXIMUM_PAGES,
    shared: host !== undefined,
  });
  const module = await WebAssembly.compile(host ? bytes : withoutSharing(bytes));
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const allocator = exports as unknown as Allocator;
  const tensors = new WasmMemory(allocator, memory);
  const area = allocator.arguments();
  const kernels: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value !== 'function') continue;
    kernels[name] = wrap(value as (...args: number[]) => number, memory, area);
  }
  kernels.run_plan = wrapPlan(exports.run_plan as RunPlan, memory, area);
  kernels.set_threads = host
    ? wrapThreads(exports as unknown as Pool, tensors, host, { module, memory })
    : () => 1;
  return { kernels: kernels as unknown as Kernels, memory: tensors };
}
