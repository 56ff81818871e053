import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  AttributeProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
} from '../onnx/gen/onnx_pb.ts';
import { AttributeKind, OnnxType } from '../onnx/types.ts';
import type { Weight } from '../weights.ts';

/** A tensor of the graph, and where its channels are. Vectors are `last`. */
export interface OnnxTensor {
  readonly name: string;
  readonly channels: 'first' | 'last';
}

/** An attribute's value: an integer, integers, or a float. */
type AttributeValue = number | readonly number[] | { readonly float: number };

function attributeOf(
  name: string,
  value: AttributeValue,
): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === 'number') return { name, i: BigInt(value), type: AttributeKind.int };
  return 'float' in value
    ? { name, f: value.float, type: AttributeKind.float }
    : { name, ints: value.map(BigInt), type: AttributeKind.ints };
}

/** Builds an ONNX graph node by node. A tensor is referred to by its name. */
export class OnnxGraph {
  readonly nodes: MessageInitShape<typeof NodeProtoSchema>[] = [];
  readonly initializers: MessageInitShape<typeof TensorProtoSchema>[] = [];

  /** Adds a node with one output, and returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    this.nodes.push({ opType, name: output, input: [...inputs], output: [output], attribute });
    return output;
  }

  /** Adds a float32 constant. */
  constant(name: string, shape: readonly number[], values: Float32Array): string {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dims = shape.map(BigInt);
    this.initializers.push({ name, dims, dataType: OnnxType.float, rawData });
    return name;
  }

  /** Adds a weight as it is. */
  weight({ spec, values }: Weight): string {
    return this.constant(spec.name, spec.shape, values);
  }

  /** Adds a vector of int64. */
  integers(name: string, values: readonly number[]): string {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    const dims = [BigInt(values.length)];
    this.initializers.push({ name, dims, dataType: OnnxType.int64, rawData });
    return name;
  }

  /** The image with its channels first, transposed if need be. */
  channelsFirst({ name, channels }: OnnxTensor): string {
    return channels === 'first' ? name : this.#transposed(name, `${name}_nchw`, [0, 3, 1, 2]);
  }

  /** The image with its channels last, transposed if need be. */
  channelsLast({ name, channels }: OnnxTensor): string {
    return channels === 'last' ? name : this.#transposed(name, `${name}_nhwc`, [0, 2, 3, 1]);
  }

  /** Several layers may read the same transposed image. */
  #transposed(name: string, output: string, perm: readonly number[]): string {
    const made = this.nodes.some((node) => node.name === output);
    return made ? output : this.node('Transpose', [name], output, { perm });
  }
}
