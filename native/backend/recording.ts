/**
 * Notes the kernel calls of a computation instead of making them, for `plan.ts` to make them later any
 * number of times.
 *
 * TensorFlow.js runs the computation once, with its gradients, on tensors that have no values yet. What
 * it would allocate gets a place in one run of memory, where tensors that do not live at the same
 * time share places. A plan is therefore the very sequence of kernel calls that TensorFlow.js would
 * make, and gives the same bits.
 *
 * Not everything can be recorded: kernels in JavaScript, or code that looks at values, end it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { CompiledBackend, Recorder } from './backend.ts';
import { KERNELS } from './kernel-table.ts';
import type { Kernels } from './kernels.ts';
import type { Block, BlockSource, TypedArray } from './memory.ts';
import { Plan, type Renewal, type Span } from './plan.ts';

/** What a plan's pointers refer to: small integer arrays, the arena, then variables and constants. */
const VALUES_SLOT = 0;
const ARENA_SLOT = 1;
const FIRST_OPERAND_SLOT = 2;

const NULL_SLOT = -1;
const ALIGNMENT = 64;

interface Place {
  readonly slot: number;
  /** In units of 4 bytes. */
  readonly offset: number;
}

/** Why a computation has no plan. */
class NotRecordable extends Error {}

/** Places in one run of memory, each as far to the front as it fits. */
class Layout {
  readonly #taken: { from: number; to: number }[] = [];
  /** Bytes that are needed in all. */
  peak = 0;

  take(byteLength: number): number {
    const length = Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
    let from = 0;
    let at = 0;
    while (at < this.#taken.length && this.#taken[at].from - from < length) {
      from = this.#taken[at].to;
      at++;
    }
    this.#taken.splice(at, 0, { from, to: from + length });
    this.peak = Math.max(this.peak, from + length);
    return from;
  }

  give(from: number): void {
    this.#taken.splice(
      this.#taken.findIndex((span) => span.from === from),
      1,
    );
  }
}

/** Blocks for the tensors of a recording: real ones that nothing is written to, and their places. */
class RecordedBlocks implements BlockSource {
  readonly isHeap: boolean;
  readonly layout = new Layout();
  readonly #pool: BlockSource;
  readonly #fail: (reason: string) => never;
  readonly #offsets = new Map<ArrayBuffer | number, number>();
  readonly #pinned = new Set<number>();
  /** Values from JavaScript that were copied for kernels; they stay as they are. */
  readonly constants: Block[] = [];

  constructor(pool: BlockSource, fail: (reason: string) => never) {
    this.#pool = pool;
    this.isHeap = pool.isHeap;
    this.#fail = fail;
  }

  /** A block on the heap is a buffer of its own; in WebAssembly it is known by its address. */
  #keyOf({ buffer, byteOffset }: Block | TypedArray): ArrayBuffer | number {
    return this.isHeap ? (buffer as ArrayBuffer) : byteOffset;
  }

  /** Where in the arena an array lies, in bytes; undefined: not there. */
  offsetOf(array: TypedArray): number | undefined {
    return this.#offsets.get(this.#keyOf(array));
  }

  /** From now on nothing else gets the array's place. */
  pin(array: TypedArray): number {
    const offset = this.offsetOf(array);
    if (offset === undefined) return this.#fail('a result is not computed by a kernel');
    this.#pinned.add(offset);
    return offset;
  }

  acquire(byteLength: number): Block {
    const block = this.#pool.acquire(byteLength);
    this.#offsets.set(this.#keyOf(block), this.layout.take(byteLength));
    return block;
  }

  acquireForValues(byteLength: number): Block {
    const block = this.#pool.acquire(byteLength);
    this.constants.push(block);
    return block;
  }

  release(block: Block): void {
    if (this.constants.includes(block)) return;
    const key = this.#keyOf(block);
    const offset = this.#offsets.get(key);
    if (offset !== undefined && !this.#pinned.has(offset)) this.layout.give(offset);
    this.#offsets.delete(key);
    this.#pool.release(block);
  }

  expose(): void {
    this.#fail('values are looked at');
  }
}

const bits = new Float32Array(1);
const bitsAsInteger = new Int32Array(bits.buffer);

/** A recording in progress: what the body of `recordPlan` marks its inputs and results with. */
export class Recording implements Recorder {
  readonly kernels: Kernels;
  readonly blocks: RecordedBlocks;
  readonly #backend: CompiledBackend;
  readonly #words: number[] = [];
  readonly #values: number[] = [];
  readonly #ends: number[] = [];
  readonly #operands: (() => TypedArray)[] = [];
  readonly #renewals: Renewal[] = [];
  readonly #changed: readonly tf.Variable[];
  readonly #slots = new Map<TypedArray | number, number>();

  constructor(
    backend: CompiledBackend,
    variables: readonly tf.Variable[],
    changed: readonly tf.Variable[],
  ) {
    this.#backend = backend;
    this.#changed = changed;
    for (const variable of changed) backend.own(variable);
    this.blocks = new RecordedBlocks(backend.pool, (reason) => this.fail(reason));
    this.kernels = Object.fromEntries(
      KERNELS.map(([name, letters], number) => [
        name,
        (...args: unknown[]) => this.#note(number, letters, args),
      ]),
    ) as unknown as Kernels;
    for (const [i, array] of backend.arrays(...variables).entries()) {
      this.#addOperand(array, () => backend.arrays(variables[i])[0]);
    }
  }

  fail(reason: string): never {
    throw new NotRecordable(reason);
  }

  /** A tensor whose values are written before each run. */
  input<R extends tf.Rank>(
    shape: number[],
  ): { readonly tensor: tf.Tensor<R>; readonly span: Span } {
    const info = this.#backend.allocate(shape);
    const tensor = tf.engine().makeTensorFromTensorInfo(info, this.#backend) as tf.Tensor<R>;
    return { tensor, span: this.output(tensor) };
  }

  /** Where a tensor's values are after the part of the plan that computes them. */
  output(tensor: tf.Tensor): Span {
    const array = this.#backend.data.get(tensor.dataId).array as TypedArray;
    return { offset: this.blocks.pin(array), length: tensor.size };
  }

  /** Ends a part: the plan's parts run one by one. */
  endPart(): void {
    this.#ends.push(this.#words.length);
  }

  /** The last words are floats that each run asks for. */
  renewAtEachRun(values: () => readonly number[]): void {
    this.#renewals.push({ position: this.#words.length - values().length, values });
  }

  #note(number: number, letters: string, args: readonly unknown[]): void {
    this.#words.push(number);
    for (const [i, letter] of [...letters].entries()) {
      if (letter === 'p') {
        const { slot, offset } = this.#placeOf(args[i] as TypedArray | null);
        this.#words.push(slot, offset);
      } else if (letter === 'f') {
        bits[0] = args[i] as number;
        this.#words.push(bitsAsInteger[0]);
      } else {
        this.#words.push(args[i] as number);
      }
    }
  }

  #placeOf(array: TypedArray | null): Place {
    if (array === null) return { slot: NULL_SLOT, offset: 0 };
    const known = this.#slots.get(this.#operandKey(array));
    if (known !== undefined) return { slot: known, offset: 0 };
    const offset = this.blocks.offsetOf(array);
    if (offset !== undefined) return { slot: ARENA_SLOT, offset: offset / 4 };
    if (array instanceof Int32Array) {
      const at = this.#values.length;
      for (const value of array) this.#values.push(value);
      return { slot: VALUES_SLOT, offset: at };
    }
    return { slot: this.#addConstant(array), offset: 0 };
  }

  #operandKey(array: TypedArray): TypedArray | number {
    return this.blocks.isHeap ? array : array.byteOffset;
  }

  #addOperand(array: TypedArray, find: () => TypedArray): number {
    const slot = FIRST_OPERAND_SLOT + this.#operands.length;
    this.#operands.push(find);
    this.#slots.set(this.#operandKey(array), slot);
    return slot;
  }

  #addConstant(array: TypedArray): number {
    const block = this.blocks.constants.find(({ byteOffset }) => byteOffset === array.byteOffset);
    if (this.blocks.isHeap || block === undefined) return this.#addOperand(array, () => array);
    // WebAssembly memory that has grown is another buffer.
    return this.#addOperand(array, () => new Uint8Array(block.buffer, block.byteOffset));
  }

  /** The plan of what was noted. */
  finish(): Plan {
    const words = [...this.#words, ...this.#values];
    const ends = [...this.#ends, this.#words.length];
    return new Plan(this.#backend, {
      words,
      ends,
      arenaBytes: this.blocks.layout.peak,
      operands: this.#operands,
      renewals: this.#renewals,
      changed: this.#changed,
      constants: this.blocks.constants,
    });
  }

  /** Gives back what only a plan would need. */
  discard(): void {
    for (const block of this.blocks.constants) this.#backend.pool.release(block);
  }
}

/**
 * Records a computation.
 *
 * @param variables whose values the computation reads as they are at each run; all other values that
 *   it makes in JavaScript become constants
 * @param changed those of them that it changes in place
 * @returns undefined when it cannot be recorded
 */
export function recordPlan<T extends object>(
  backend: CompiledBackend,
  variables: readonly tf.Variable[],
  body: (recording: Recording) => T,
  changed: readonly tf.Variable[] = [],
): { readonly plan: Plan; readonly marks: T } | undefined {
  const recording = new Recording(backend, variables, changed);
  let marks: T | undefined;
  try {
    backend.record(recording, () => {
      tf.tidy(() => {
        marks = body(recording);
      });
    });
  } catch (error) {
    recording.discard();
    if (error instanceof NotRecordable) return undefined;
    throw error;
  }
  return { plan: recording.finish(), marks: marks as T };
}
