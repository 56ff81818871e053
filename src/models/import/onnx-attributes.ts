/** The attributes of an ONNX node, read with their defaults. */
import type { NodeProto, TensorProto } from '../onnx/gen/onnx_pb.ts';
import { asInteger, type Constant, scalar, vector } from './constants.ts';

export class OnnxAttributes {
  readonly #attributes: ReadonlyMap<string, NodeProto['attribute'][number]>;
  readonly #decode: (tensor: TensorProto) => Constant;

  constructor(node: NodeProto, decode: (tensor: TensorProto) => Constant) {
    this.#attributes = new Map(node.attribute.map((one) => [one.name, one]));
    this.#decode = decode;
  }

  integer(name: string, otherwise: number): number {
    const found = this.#attributes.get(name);
    return found ? Number(found.i) : otherwise;
  }

  float(name: string, otherwise: number): number {
    return this.#attributes.get(name)?.f ?? otherwise;
  }

  integers(name: string): number[] | undefined {
    return this.#attributes.get(name)?.ints.map(Number);
  }

  string(name: string, otherwise: string): string {
    const found = this.#attributes.get(name);
    return found ? new TextDecoder().decode(found.s) : otherwise;
  }

  tensor(name: string): Constant | undefined {
    const tensor = this.#attributes.get(name)?.t;
    return tensor && this.#decode(tensor);
  }

  /** The value of a `Constant` node, in any of the forms it may take. */
  constant(): Constant | undefined {
    const tensor = this.tensor('value');
    if (tensor) return tensor;
    const { i, ints, f, floats } = {
      i: this.#attributes.get('value_int')?.i,
      ints: this.#attributes.get('value_ints')?.ints,
      f: this.#attributes.get('value_float')?.f,
      floats: this.#attributes.get('value_floats')?.floats,
    };
    if (i !== undefined) return asInteger(scalar(Number(i)));
    if (f !== undefined) return scalar(f);
    if (ints) return asInteger(vector(ints.map(Number)));
    return floats && vector(floats);
  }
}
