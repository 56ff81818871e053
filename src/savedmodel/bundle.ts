/**
 * The tensor bundle, TensorFlow's checkpoint format (version 2): `PREFIX.index` is a LevelDB table
 * from tensor names to `BundleEntryProto`s; `PREFIX.data-00000-of-00001` holds the raw
 * little-endian values one after another. The header is stored under the empty key.
 */
import { writeFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FormatError, MAX_FILE_BYTES, readFileBytes } from '../storage/index.ts';
import { crc32c, maskCrc, maskedCrc32c } from './crc32c.ts';
import { DataType, dtypeName } from './dtypes.ts';
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
  BundleHeaderProtoSchema,
} from './gen/tensorflow_pb.ts';
import { compareKeys, decodeTable, encodeTable, type TableEntry } from './table.ts';

if (endianness() !== 'LE') {
  throw new Error('This program reads and writes little-endian files in place.');
}

/** A float32 tensor with its name, row-major. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Bytes of one element, for the dtypes whose values can be read. */
const ELEMENT_BYTES = new Map<number, number>([
  [DataType.float, 4],
  [DataType.double, 8],
  [DataType.int32, 4],
  [DataType.int64, 8],
  [DataType.bool, 1],
]);

function shardName(prefix: string, shard: number, shards: number): string {
  const digits = (value: number) => String(value).padStart(5, '0');
  return `${prefix}.data-${digits(shard)}-of-${digits(shards)}`;
}

/** The files that `writeBundle` writes. */
export const bundleFiles = (prefix: string): string[] => [
  `${prefix}.index`,
  shardName(prefix, 0, 1),
];

/**
 * Writes `PREFIX.index` and `PREFIX.data-00000-of-00001`. The same tensors give the same bytes,
 * whatever their order.
 *
 * @throws RangeError when a tensor's data does not fill its shape, or a name comes twice
 */
export function writeBundle(prefix: string, tensors: readonly NamedTensor[]): void {
  const header = create(BundleHeaderProtoSchema, { numShards: 1, version: { producer: 1 } });
  const entries: TableEntry[] = [{ key: '', value: toBinary(BundleHeaderProtoSchema, header) }];
  const sorted = [...tensors].sort((a, b) => compareKeys(a.name, b.name));
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const { name, shape, data: values } of sorted) {
    if (entries.at(-1)?.key === name) throw new RangeError(`two tensors are named "${name}"`);
    if (shape.reduce((product, size) => product * size, 1) !== values.length) {
      throw new RangeError(`"${name}" has ${values.length} values for the shape [${shape}]`);
    }
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const entry = create(BundleEntryProtoSchema, {
      dtype: DataType.float,
      shape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
      offset: BigInt(offset),
      size: BigInt(bytes.length),
      crc32c: maskedCrc32c(bytes),
    });
    entries.push({ key: name, value: toBinary(BundleEntryProtoSchema, entry) });
    data.push(bytes);
    offset += bytes.length;
  }
  writeFileSync(shardName(prefix, 0, 1), Buffer.concat(data));
  writeFileSync(`${prefix}.index`, encodeTable(entries));
}

/** The index's entry for one tensor. */
export interface BundleEntry {
  readonly name: string;
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** An open bundle: what is in it, and its values on demand. */
export interface Bundle {
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /**
   * A tensor's values as float32; float64 and integers are converted.
   *
   * @throws FormatError when it is absent, of another dtype, or its checksum does not match
   */
  read(name: string): NamedTensor;
}

/**
 * Opens `PREFIX.index` and checks it whole; the data is read, and its checksum verified, tensor
 * by tensor.
 *
 * @throws FormatError when anything is not as the format says
 */
export function readBundle(prefix: string): Bundle {
  const file = `${prefix}.index`;
  const [header, ...rest] = decodeTable(readFileBytes(file), file);
  if (header === undefined || header.key !== '') {
    throw new FormatError(file, 'has no header entry');
  }
  const shards = readHeader(header.value, file);
  const protos = new Map<string, BundleEntryProto>();
  const entries = new Map<string, BundleEntry>();
  for (const { key, value } of rest) {
    const proto = decode(() => fromBinary(BundleEntryProtoSchema, value), file, `"${key}"`);
    // A slice of a partitioned variable has a binary key of its own; only whole tensors are listed.
    if (key.startsWith('\0')) continue;
    protos.set(key, proto);
    entries.set(key, { name: key, dtype: proto.dtype, shape: readShape(proto, file, key) });
  }
  return {
    entries,
    read(name) {
      const proto = protos.get(name);
      const entry = entries.get(name);
      if (proto === undefined || entry === undefined) {
        throw new FormatError(file, `has no tensor "${name}"`);
      }
      return { name, shape: entry.shape, data: readValues(prefix, shards, entry, proto) };
    },
  };
}

function decode<T>(read: () => T, file: string, what: string): T {
  try {
    return read();
  } catch (cause) {
    throw new FormatError(file, `the entry of ${what} cannot be decoded`, { cause });
  }
}

function readHeader(value: Uint8Array, file: string): number {
  const header = decode(() => fromBinary(BundleHeaderProtoSchema, value), file, 'the header');
  if (header.endianness !== 0) throw new FormatError(file, 'is big-endian, which is not supported');
  if ((header.version?.minConsumer ?? 0) > 1) {
    throw new FormatError(file, 'was written for a newer reader');
  }
  if (header.numShards < 1 || header.numShards > 99_999) {
    throw new FormatError(file, `says it has ${header.numShards} data files`);
  }
  return header.numShards;
}

function readShape(proto: BundleEntryProto, file: string, name: string): number[] {
  const shape = (proto.shape?.dim ?? []).map(({ size }) => Number(size));
  const elements = shape.reduce((product, size) => product * size, 1);
  if (proto.shape?.unknownRank || shape.some((size) => size < 0) || elements > MAX_FILE_BYTES) {
    throw new FormatError(file, `"${name}" has the impossible shape [${shape}]`);
  }
  return shape;
}

function readValues(
  prefix: string,
  shards: number,
  { name, dtype, shape }: BundleEntry,
  proto: BundleEntryProto,
): Float32Array {
  const index = `${prefix}.index`;
  const width = ELEMENT_BYTES.get(dtype);
  if (width === undefined) {
    throw new FormatError(index, `"${name}" holds ${dtypeName(dtype)} values, not numbers`);
  }
  if (proto.slices.length > 0) {
    throw new FormatError(index, `"${name}" is stored in slices, which is not supported`);
  }
  if (proto.shardId < 0 || proto.shardId >= shards) {
    throw new FormatError(index, `"${name}" is in data file ${proto.shardId} of ${shards}`);
  }
  const offset = Number(proto.offset);
  const length = Number(proto.size);
  const elements = shape.reduce((product, size) => product * size, 1);
  if (offset < 0 || length !== elements * width) {
    throw new FormatError(
      index,
      `"${name}" has ${length} bytes at ${offset}, but [${shape}] needs ${elements * width}`,
    );
  }
  const file = shardName(prefix, proto.shardId, shards);
  const bytes = readFileBytes(file, { offset, length });
  if (maskCrc(crc32c(bytes)) !== proto.crc32c) {
    throw new FormatError(file, `the checksum of "${name}" does not match`, {
      hint: 'The file is damaged; make it again or restore a copy.',
    });
  }
  return toFloat32(bytes, dtype);
}

function toFloat32(bytes: Uint8Array<ArrayBuffer>, dtype: number): Float32Array {
  switch (dtype) {
    case DataType.float:
      return new Float32Array(bytes.buffer);
    case DataType.double:
      return Float32Array.from(new Float64Array(bytes.buffer));
    case DataType.int32:
      return Float32Array.from(new Int32Array(bytes.buffer));
    case DataType.int64:
      return Float32Array.from(new BigInt64Array(bytes.buffer), Number);
    default:
      return Float32Array.from(bytes);
  }
}
