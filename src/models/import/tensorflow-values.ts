/** What a TensorFlow graph computes with at import, and how its attributes and tensors are read. */
import {
  type AttrValue,
  DataType,
  dtypeName,
  type NodeDef,
  type TensorProto,
} from '../../savedmodel/index.ts';
import { type Constant, constant } from './constants.ts';
import { damaged } from './errors.ts';
import type { Window } from './layers.ts';
import type { Feature } from './network-builder.ts';
import type { Probabilities, View } from './view.ts';

/** A resource variable, by the path of the node that made it. */
interface Handle {
  readonly kind: 'handle';
  readonly variable: string;
}

/** What the restore operation reads from the checkpoint, by key. */
interface Restored {
  readonly kind: 'restored';
  readonly keys: readonly string[];
}

/** Text constants, and the outputs of operators that are of no interest. */
interface Opaque {
  readonly kind: 'opaque';
  readonly node: string;
  readonly strings?: readonly string[];
}

/**
 * An image cut into blocks, as TensorFlow computes dilated convolutions: `SpaceToBatchND`, an
 * ordinary convolution, `BatchToSpaceND`. Only the last says which padding was meant.
 */
export interface Spaced {
  readonly kind: 'spaced';
  readonly feature: Feature;
  readonly batch: number;
  /** The dilation. */
  readonly block: readonly [number, number];
  /** `[top, bottom, left, right]`. */
  readonly padding: readonly number[];
  /** The convolution in between, once it was met. */
  readonly convolve?: (input: Feature, window: Window) => Feature;
}

export type Value = Spaced | Constant | View | Probabilities | Handle | Restored | Opaque;

/** Attributes of a node, read with their defaults. */
export class Attributes {
  readonly #attr: Readonly<Record<string, AttrValue>>;

  constructor(node: NodeDef) {
    this.#attr = node.attr;
  }

  string(name: string, otherwise: string): string {
    const value = this.#attr[name]?.value;
    return value?.case === 's' ? new TextDecoder().decode(value.value) : otherwise;
  }

  strings(name: string): string[] {
    const value = this.#attr[name]?.value;
    if (value?.case !== 'list') return [];
    return value.value.s.map((bytes) => new TextDecoder().decode(bytes));
  }

  number(name: string, otherwise: number): number {
    const value = this.#attr[name]?.value;
    return value?.case === 'f' || value?.case === 'i' || value?.case === 'type'
      ? Number(value.value)
      : otherwise;
  }

  boolean(name: string, otherwise = false): boolean {
    const value = this.#attr[name]?.value;
    return value?.case === 'b' ? value.value : otherwise;
  }

  integers(name: string): number[] {
    const value = this.#attr[name]?.value;
    return value?.case === 'list' ? value.value.i.map(Number) : [];
  }

  functionName(name: string): string | undefined {
    const value = this.#attr[name]?.value;
    return value?.case === 'func' ? value.value.name : undefined;
  }

  tensor(name: string) {
    const value = this.#attr[name]?.value;
    return value?.case === 'tensor' ? value.value : undefined;
  }
}

/** Decodes a constant; a single value fills the whole tensor. */
export function decodeTensor(tensor: TensorProto | undefined, node: string): Constant | Opaque {
  if (tensor === undefined) throw damaged(`the constant "${node}" has no value`);
  const shape = (tensor.tensorShape?.dim ?? []).map(({ size }) => Number(size));
  if (tensor.dtype === DataType.string) {
    const decoder = new TextDecoder();
    return { kind: 'opaque', node, strings: tensor.stringVal.map((one) => decoder.decode(one)) };
  }
  const values = tensorValues(tensor);
  if (values === undefined) return { kind: 'opaque', node };
  return constant(shape, values.length === 0 ? [0] : values);
}

function tensorValues(
  tensor: TensorProto,
): Float32Array | Float64Array | readonly number[] | undefined {
  const bytes = tensor.tensorContent;
  const packed = bytes.length > 0;
  // A copy, because the bytes may be at any offset of the file.
  const buffer = () => new Uint8Array(bytes).buffer;
  const whole = (width: number) => {
    if (bytes.length % width !== 0) {
      throw damaged(`a ${dtypeName(tensor.dtype)} tensor has ${bytes.length} bytes`);
    }
  };
  switch (tensor.dtype) {
    case DataType.float:
      whole(4);
      return packed ? new Float32Array(buffer()) : Float32Array.from(tensor.floatVal);
    case DataType.double:
      whole(8);
      return packed ? new Float64Array(buffer()) : Float64Array.from(tensor.doubleVal);
    case DataType.int32:
      whole(4);
      return packed ? Float64Array.from(new Int32Array(buffer())) : tensor.intVal;
    case DataType.int64:
      whole(8);
      return packed
        ? Float64Array.from(new BigInt64Array(buffer()), Number)
        : tensor.int64Val.map(Number);
    case DataType.bool:
      return packed ? Float64Array.from(bytes) : tensor.boolVal.map(Number);
    default:
      return undefined;
  }
}
