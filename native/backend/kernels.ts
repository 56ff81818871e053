import type { KernelTable } from './kernel-table.ts';
import type { TypedArray } from './memory.ts';

/**
 * What the addon and the WebAssembly module have in common; `node.ts` and `wasm.ts` each supply one.
 * Arguments are not checked beyond their type: the files of this folder validate them.
 */
export interface Kernels extends KernelTable {
  /**
   * Sets how many threads kernels run on, and returns how many there are: fewer when the system does
   * not start more.
   */
  set_threads(count: number): number;
  /** An index of `INSTRUCTION_SETS`. */
  instruction_set(): number;
  /** Chooses another instruction set; 0 if this machine or build lacks it. */
  set_instruction_set(isa: number): number;
  /** Runs the kernel calls in `words` from `begin` to `end` on the memory of `slots` (see `plan.ts`). */
  run_plan(words: Int32Array, begin: number, end: number, slots: readonly TypedArray[]): void;
}

/** The numbers that `instruction_set` returns, as names. */
export const INSTRUCTION_SETS = ['portable', 'avx2', 'avx512', 'neon', 'simd128'] as const;
export type InstructionSet = (typeof INSTRUCTION_SETS)[number];

/** What the addon has beside the kernels. */
export interface Addon extends Kernels {
  /** The address of an array modulo 64. */
  misalignment(array: Float32Array): number;
  /** What SIGINT and SIGTERM write to standard error, UTF-8; a length of 0: nothing. */
  say_when_interrupted(text: Uint8Array, length: number): void;
}
