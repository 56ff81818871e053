/** Short constructors for the attribute values of graph nodes. */
import { create } from '@bufbuild/protobuf';
import { DataType } from './dtypes.ts';
import {
  type AttrValue,
  AttrValueSchema,
  type TensorShapeProto,
  TensorShapeProtoSchema,
} from './gen/tensorflow_pb.ts';

const text = new TextEncoder();

/** A shape; -1 stands for a size that is not known. */
export function shapeProto(sizes: readonly number[]): TensorShapeProto {
  return create(TensorShapeProtoSchema, { dim: sizes.map((size) => ({ size: BigInt(size) })) });
}

export const attr = {
  type(name: keyof typeof DataType): AttrValue {
    return create(AttrValueSchema, { value: { case: 'type', value: DataType[name] } });
  },
  bool(value: boolean): AttrValue {
    return create(AttrValueSchema, { value: { case: 'b', value } });
  },
  float(value: number): AttrValue {
    return create(AttrValueSchema, { value: { case: 'f', value } });
  },
  string(value: string): AttrValue {
    return create(AttrValueSchema, { value: { case: 's', value: text.encode(value) } });
  },
  shape(sizes: readonly number[]): AttrValue {
    return create(AttrValueSchema, { value: { case: 'shape', value: shapeProto(sizes) } });
  },
  int(value: number): AttrValue {
    return create(AttrValueSchema, { value: { case: 'i', value: BigInt(value) } });
  },
  ints(values: readonly number[]): AttrValue {
    return create(AttrValueSchema, {
      value: { case: 'list', value: { i: values.map((value) => BigInt(value)) } },
    });
  },
  types(values: readonly number[]): AttrValue {
    return create(AttrValueSchema, { value: { case: 'list', value: { type: [...values] } } });
  },

  /** A constant float32 tensor; one value fills the whole shape. */
  floats(values: readonly number[], shape: readonly number[]): AttrValue {
    return create(AttrValueSchema, {
      value: {
        case: 'tensor',
        value: { dtype: DataType.float, tensorShape: shapeProto(shape), floatVal: [...values] },
      },
    });
  },
  /** A constant int32 tensor. */
  int32s(values: readonly number[], shape: readonly number[]): AttrValue {
    return create(AttrValueSchema, {
      value: {
        case: 'tensor',
        value: { dtype: DataType.int32, tensorShape: shapeProto(shape), intVal: [...values] },
      },
    });
  },
  /** A constant string tensor. */
  strings(values: readonly string[], shape: readonly number[]): AttrValue {
    return create(AttrValueSchema, {
      value: {
        case: 'tensor',
        value: {
          dtype: DataType.string,
          tensorShape: shapeProto(shape),
          stringVal: values.map((value) => text.encode(value)),
        },
      },
    });
  },
} as const;
