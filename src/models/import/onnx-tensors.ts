/** The numbers of ONNX's tensors, in whichever type and file they are stored. */
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readFileBytes } from '../../storage/index.ts';
import type { TensorProto } from '../onnx/gen/onnx_pb.ts';
import { OnnxType } from '../onnx/types.ts';
import type { Budget } from './budget.ts';
import { asInteger, type Constant, constant, elementsOf } from './constants.ts';
import { damaged, ImportError } from './errors.ts';
import { bfloat16, float16 } from './half-precision.ts';

interface ElementType {
  /** Bytes of one value. */
  readonly width: number;
  readonly integer?: boolean;
  /** @param buffer of exactly the values' bytes */
  decode(buffer: ArrayBuffer): Float32Array | Float64Array;
  /** The values where they are not stored as bytes. */
  listed(tensor: TensorProto): readonly number[];
}

const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [
    OnnxType.float,
    {
      width: 4,
      decode: (buffer) => new Float32Array(buffer),
      listed: ({ floatData }) => floatData,
    },
  ],
  [
    OnnxType.double,
    {
      width: 8,
      decode: (buffer) => new Float64Array(buffer),
      listed: ({ doubleData }) => doubleData,
    },
  ],
  [
    OnnxType.float16,
    {
      width: 2,
      decode: (buffer) => Float32Array.from(new Uint16Array(buffer), float16),
      listed: ({ int32Data }) => int32Data.map(float16),
    },
  ],
  [
    OnnxType.bfloat16,
    {
      width: 2,
      decode: (buffer) => Float32Array.from(new Uint16Array(buffer), bfloat16),
      listed: ({ int32Data }) => int32Data.map(bfloat16),
    },
  ],
  [OnnxType.uint8, integers(1, (buffer) => new Uint8Array(buffer))],
  [OnnxType.int8, integers(1, (buffer) => new Int8Array(buffer))],
  [OnnxType.uint16, integers(2, (buffer) => new Uint16Array(buffer))],
  [OnnxType.int16, integers(2, (buffer) => new Int16Array(buffer))],
  [OnnxType.int32, integers(4, (buffer) => new Int32Array(buffer))],
  [OnnxType.bool, integers(1, (buffer) => new Uint8Array(buffer))],
  [
    OnnxType.int64,
    {
      width: 8,
      integer: true,
      decode: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number),
      listed: ({ int64Data }) => int64Data.map(Number),
    },
  ],
]);

function integers(width: number, view: (buffer: ArrayBuffer) => Iterable<number>): ElementType {
  const listed = ({ int32Data }: TensorProto) => int32Data;
  return { width, integer: true, decode: (buffer) => Float64Array.from(view(buffer)), listed };
}

/** The file beside the model in which a tensor is stored, and where in it. */
function placeOf(tensor: TensorProto): { location: string; offset: number } {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const given = entries.get('location') ?? '';
  const location = given.replace(/^\.\//, '');
  if (location === '' || basename(location) !== location || location.startsWith('.')) {
    throw damaged(`the tensor "${tensor.name}" lies outside of the model's folder: ${given}`);
  }
  const offset = Number(entries.get('offset') ?? 0);
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw damaged(`the tensor "${tensor.name}" starts at ${offset}`);
  }
  return { location, offset };
}

/** Decodes the tensors of a model. */
export class OnnxTensors {
  readonly #folder: string;
  readonly #budget: Budget;
  /** Files beside the model that were read from. */
  readonly #files = new Set<string>();

  constructor(model: string, budget: Budget) {
    this.#folder = dirname(model);
    this.#budget = budget;
  }

  /**
   * The numbers of an initializer or constant.
   * @throws ImportError when its type is unknown or its values do not fill its shape
   */
  decode(tensor: TensorProto): Constant {
    const shape = tensor.dims.map(Number);
    const type = ELEMENT_TYPES.get(tensor.dataType);
    if (type === undefined) {
      throw new ImportError(
        'unsupported-dtype',
        `the tensor "${tensor.name}" has the element type ${tensor.dataType}`,
        'export the model with float weights',
      );
    }
    const count = elementsOf(shape);
    const length = count * type.width;
    const raw = tensor.dataLocation === 1 ? this.#external(tensor, length) : tensor.rawData;
    this.#budget.spend(count);
    const integer = type.integer ?? false;
    if (raw.length === 0 && count > 0) {
      return asInteger(constant(shape, type.listed(tensor)), integer);
    }
    if (raw.length !== length) {
      throw damaged(`the tensor "${tensor.name}" has ${raw.length} bytes, not ${length}`);
    }
    // A copy, because the bytes may be at any offset of the file.
    return asInteger(constant(shape, type.decode(new Uint8Array(raw).buffer)), integer);
  }

  #external(tensor: TensorProto, length: number): Uint8Array {
    const { location, offset } = placeOf(tensor);
    const file = join(this.#folder, location);
    if (!this.#files.has(file)) {
      this.#files.add(file);
      this.#budget.add(statSync(file, { throwIfNoEntry: false })?.size ?? 0);
    }
    return readFileBytes(file, { offset, length });
  }
}
