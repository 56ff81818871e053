/** A recorded computation (see `recording.ts`), which the compiled kernels run in one call. */
import type { Variable } from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';
import type { Block, TypedArray } from './memory.ts';

/** Numbers in the arena; `offset` in bytes. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Floats from `position` in a plan's words that change from run to run. */
export interface Renewal {
  readonly position: number;
  readonly values: () => readonly number[];
}

export interface PlanContent {
  /** Kernel calls as `native/src/plan.cc` reads them, then the integers that they point to. */
  readonly words: readonly number[];
  /** Where in `words` each part ends; the integers begin at the last one. */
  readonly ends: readonly number[];
  readonly arenaBytes: number;
  /** What slots after the first two refer to, found anew at each run. */
  readonly operands: readonly (() => TypedArray)[];
  readonly renewals: readonly Renewal[];
  /** What the plan changes in place: nobody else may hold its values. */
  readonly changed: readonly Variable[];
  /** Memory of the plan's own that some operands lie in. */
  readonly constants: readonly Block[];
}

/**
 * Its tensors live in the backend's arena, which all plans share: from the first part of a plan to the
 * last look at a result no other plan may run.
 */
export class Plan {
  readonly #backend: CompiledBackend;
  readonly #content: PlanContent;
  readonly #words: Block;

  constructor(backend: CompiledBackend, content: PlanContent) {
    this.#backend = backend;
    this.#content = content;
    const { words } = content;
    this.#words = backend.pool.acquire(Int32Array.BYTES_PER_ELEMENT * words.length);
    this.#view.set(words);
  }

  get #view(): Int32Array {
    const { buffer, byteOffset } = this.#words;
    return new Int32Array(buffer, byteOffset, this.#content.words.length);
  }

  get arenaBytes(): number {
    return this.#content.arenaBytes;
  }

  /** The values of an input or result, to be used at once. */
  at({ offset, length }: Span): Float32Array {
    const { buffer, byteOffset } = this.#backend.arena(this.arenaBytes);
    return new Float32Array(buffer, byteOffset + offset, length);
  }

  /** Runs one part; those before it have run since the inputs were written. */
  run(part: number): void {
    const { ends, operands, renewals, changed } = this.#content;
    for (const variable of changed) this.#backend.own(variable);
    // WebAssembly memory may grow in the first two lines, which would detach views.
    const block = this.#backend.arena(this.arenaBytes);
    const found = operands.map((find) => find());
    const words = this.#view;
    const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
    for (const { position, values } of renewals) floats.set(values(), position);
    const arena = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
    const values = words.subarray(ends[ends.length - 1]);
    this.#backend.kernels.run_plan(words, part === 0 ? 0 : ends[part - 1], ends[part], [
      ...[values, arena],
      ...found,
    ]);
  }

  /** Gives its memory back. */
  dispose(): void {
    for (const block of [this.#words, ...this.#content.constants])
      this.#backend.pool.release(block);
  }
}
