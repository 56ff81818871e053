import type { backend_util, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Block, BlockSource, TypedArray } from './memory.ts';

export type PooledType = 'float32' | 'int32' | 'bool';

const ARRAY_TYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;
type ArrayType = (typeof ARRAY_TYPES)[PooledType];

/** Values in a block of the pool, seen through a view that is renewed when memory has grown. */
class PooledArray {
  readonly block: Block;
  readonly #type: ArrayType;
  readonly #length: number;
  #view: TypedArray;

  constructor(block: Block, type: ArrayType, length: number) {
    this.block = block;
    this.#type = type;
    this.#length = length;
    this.#view = new type(block.buffer, block.byteOffset, length);
  }

  get view(): TypedArray {
    if (this.#view.buffer !== this.block.buffer) {
      this.#view = new this.#type(this.block.buffer, this.block.byteOffset, this.#length);
    }
    return this.#view;
  }
}

/**
 * The values behind one data id, in one of two states (see the rule in `memory.ts`):
 *
 * - *pooled*: they are in a block that this object owns and returns on `release`;
 * - *foreign*: they are a JavaScript array that others may hold as well.
 *
 * Inherited kernels and `dataSync` read `values`, which makes a pooled tensor foreign; compiled
 * kernels use `array`, which does not.
 */
export class TensorData {
  readonly dtype: DataType;
  /** How many tensors share these values. */
  refCount: number;
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  readonly #pool: BlockSource;
  #pooled: PooledArray | undefined;
  #foreign: backend_util.BackendValues | undefined;

  /** Foreign values; `undefined` for the container of a complex tensor. */
  constructor(
    pool: BlockSource,
    dtype: DataType,
    refCount: number,
    values?: backend_util.BackendValues,
  ) {
    this.#pool = pool;
    this.dtype = dtype;
    this.refCount = refCount;
    this.#foreign = values;
  }

  /** `length` elements with arbitrary contents, pooled. */
  static allocate(pool: BlockSource, dtype: PooledType, length: number): TensorData {
    const data = new TensorData(pool, dtype, 1);
    const type = ARRAY_TYPES[dtype];
    data.#pooled = new PooledArray(pool.acquire(length * type.BYTES_PER_ELEMENT), type, length);
    return data;
  }

  /** For inherited kernels and users. A pooled tensor becomes foreign: a copy. */
  get values(): backend_util.BackendValues {
    if (this.#pooled !== undefined) {
      this.#pool.expose(this.#pooled.block);
      const copy = this.#pooled.view.slice();
      this.release();
      this.#foreign = copy;
    }
    return this.#foreign as backend_util.BackendValues;
  }

  /** For compiled kernels, to be used at once: WebAssembly memory may grow and detach it. */
  get array(): backend_util.BackendValues | undefined {
    return this.#pooled === undefined ? this.#foreign : this.#pooled.view;
  }

  get isPooled(): boolean {
    return this.#pooled !== undefined;
  }

  /** Copies foreign numbers into a block of this object's own. Does nothing when pooled. */
  adopt(): void {
    if (this.#pooled !== undefined) return;
    const source = this.#foreign as TypedArray;
    const block = this.#pool.acquireForValues(source.byteLength);
    this.#pooled = new PooledArray(block, source.constructor as ArrayType, source.length);
    this.#pooled.view.set(source);
    this.#foreign = undefined;
  }

  /** Drops the values; a block is returned to the pool. */
  release(): void {
    if (this.#pooled !== undefined) this.#pool.release(this.#pooled.block);
    this.#pooled = undefined;
    this.#foreign = undefined;
  }
}
