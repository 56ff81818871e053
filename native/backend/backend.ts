import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { backend_util, Variable } from '@tensorflow/tfjs-core';
import { DataStorage, type DataType, engine, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Kernels } from './kernels.ts';
import {
  type Block,
  type BlockSource,
  BufferPool,
  type Memory,
  type TypedArray,
} from './memory.ts';
import { checkElements } from './sizes.ts';
import { type PooledType, TensorData } from './tensor-data.ts';

/** What takes the place of kernels and memory while a plan is recorded: see `recording.ts`. */
export interface Recorder {
  readonly kernels: Kernels;
  readonly blocks: BlockSource;
  fail(reason: string): never;
  renewAtEachRun(values: () => readonly number[]): void;
}

/**
 * A TensorFlow.js backend whose hot kernels are compiled code; all others are inherited from the
 * JavaScript backend and run on the same arrays. `native` and `wasm` are two instances of it.
 *
 * A backend belongs to one JavaScript thread: the compiled kernels keep scratch memory and a
 * thread pool in globals.
 */
export class CompiledBackend extends MathBackendCPU {
  override readonly data: DataStorage<TensorData>;
  readonly pool: BufferPool;
  readonly #compiled: Kernels;
  #nextDataId = 0;
  #recording: Recorder | undefined;
  /** The memory that plans compute in, one after the other. */
  #arena: Block | undefined;

  constructor(kernels: Kernels, memory: Memory) {
    super();
    this.#compiled = kernels;
    this.pool = new BufferPool(memory);
    this.data = new DataStorage<TensorData>(this, engine());
  }

  /** What kernels are called through: while a plan is recorded, calls are only noted. */
  get kernels(): Kernels {
    return this.#recording?.kernels ?? this.#compiled;
  }

  get #blocks(): BlockSource {
    return this.#recording?.blocks ?? this.pool;
  }

  /**
   * Fills an array with words of Philox4x32-10, four for each counter from `counter` on. A plan that is
   * being recorded does not repeat it.
   */
  randomWords(words: Uint32Array, counter: number, [low, high]: readonly [number, number]): void {
    const origin = Int32Array.of(counter, Math.floor(counter / 2 ** 32), low, high);
    const fill = ({ buffer, byteOffset }: Pick<ArrayBufferView, 'buffer' | 'byteOffset'>) =>
      this.#compiled.random_words(
        new Int32Array(buffer, byteOffset, words.length),
        words.length / 4,
        origin,
      );
    if (this.pool.isHeap) {
      fill(words);
      return;
    }
    const block = this.pool.acquire(words.byteLength);
    fill(block);
    words.set(new Uint32Array(block.buffer, block.byteOffset, words.length));
    this.pool.release(block);
  }

  /** Has `run` do its work on a recording. Recordings do not nest. */
  record(recording: Recorder, run: () => void): void {
    if (this.#recording !== undefined) throw new Error('a plan is being recorded');
    this.#recording = recording;
    try {
      run();
    } finally {
      this.#recording = undefined;
    }
  }

  /** Called before a kernel in JavaScript computes. */
  leaveToJavaScript(kernelName: string): void {
    this.#recording?.fail(`${kernelName} runs in JavaScript`);
  }

  /** While a plan is recorded: the last arguments of the last kernel call, which each run asks for. */
  renewAtEachRun(values: () => readonly number[]): void {
    this.#recording?.renewAtEachRun(values);
  }

  /** Memory of at least so many bytes, with arbitrary contents, until the next call. */
  arena(byteLength: number): Block {
    if (this.#arena === undefined || this.#arena.byteLength < byteLength) {
      if (this.#arena) this.pool.release(this.#arena);
      this.#arena = this.pool.acquire(byteLength);
    }
    return this.#arena;
  }

  /** Values from JavaScript: kept as they are, copied when a kernel needs them elsewhere. */
  override write(values: backend_util.BackendValues, _shape: number[], dtype: DataType): object {
    const dataId = { id: this.#nextDataId++ };
    this.data.set(dataId, new TensorData(this.#blocks, dtype, 1, values));
    return dataId;
  }

  override move(
    dataId: object,
    values: backend_util.BackendValues,
    _shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    this.data.set(dataId, new TensorData(this.#blocks, dtype, refCount, values));
  }

  override disposeData(dataId: object, force = false): boolean {
    const data = this.data.has(dataId) ? this.data.get(dataId) : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone) data?.release();
    return gone;
  }

  override dispose(): void {
    if (this.#arena) this.pool.release(this.#arena);
    this.#arena = undefined;
    this.pool.clear();
  }

  /**
   * A tensor for a kernel to fill: its contents are arbitrary.
   *
   * @throws RangeError when it has more elements than kernels can count, or memory is exhausted
   */
  allocate(shape: number[], dtype: PooledType = 'float32'): TensorInfo {
    const length = util.sizeFromShape(shape);
    checkElements(length, `a tensor of shape [${shape.join(', ')}]`);
    const dataId = { id: this.#nextDataId++ };
    this.data.set(dataId, TensorData.allocate(this.#blocks, dtype, length));
    return { dataId, shape, dtype };
  }

  /**
   * True when all of these hold float32 numbers and at least one of them. A tensor of type float32
   * may hold an `Int32Array` or `Uint8Array` (casts share data), which compiled kernels must not
   * see; empty tensors are left to JavaScript too.
   */
  areFloats(...tensors: TensorInfo[]): boolean {
    for (const { dataId } of tensors) {
      const { array } = this.data.get(dataId);
      if (!(array instanceof Float32Array) || array.length === 0) return false;
    }
    return true;
  }

  /**
   * The arrays to hand to a kernel, in the same order. Call it after every `allocate`, right
   * before the kernel: on WebAssembly any allocation may detach what was returned earlier.
   *
   * @throws RangeError when one has more elements than kernels can count, or memory is exhausted
   */
  arrays<T extends TypedArray[] = Float32Array[]>(...tensors: TensorInfo[]): T {
    for (const { dataId, shape } of tensors) {
      const length = this.data.get(dataId).array?.length ?? 0;
      checkElements(length, `a tensor of shape [${shape.join(', ')}]`);
    }
    if (!this.pool.isHeap) for (const { dataId } of tensors) this.data.get(dataId).adopt();
    return tensors.map(({ dataId }) => this.data.get(dataId).array) as T;
  }

  /**
   * Makes a variable's values its own, so that a kernel may change them in place: neither an
   * earlier `dataSync()` nor a clone that shares the data will see the change.
   */
  own(variable: Variable): void {
    const data = this.data.get(variable.dataId);
    if (data.refCount === 1) {
      data.adopt();
      return;
    }
    const copy = this.allocate(variable.shape);
    const [from, to] = this.arrays(variable, copy);
    to.set(from);
    const tensor = engine().makeTensorFromTensorInfo(copy, this);
    variable.assign(tensor);
    tensor.dispose();
  }
}
