import { basename } from 'node:path';
import { UserError } from '../errors.ts';
import { gunzip, isGzip, MAX_BYTES, readRegular } from '../storage/index.ts';

/** The contents of an IDX file of unsigned bytes: <http://yann.lecun.com/exdb/mnist/>. */
export interface IdxFile {
  readonly dimensions: readonly number[];
  readonly bytes: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

function bad(file: string, problem: string, cause?: unknown): UserError {
  return new UserError('bad-data', `${file} is no usable IDX file: ${problem}`, {
    hint: 'fetch the data set again, or name another folder',
    cause,
  });
}

/**
 * The dimensions in the header of an IDX file: two zero bytes, the type, the rank, big-endian sizes.
 * @throws UserError `bad-data` on a wrong magic number, type or size, or inside a truncated header
 */
function parseHeader(content: Uint8Array, name: string): number[] {
  if (content.length < 4) throw bad(name, `it has only ${content.length} bytes`);
  const [zero0, zero1, type, rank] = content;
  if (zero0 !== 0 || zero1 !== 0 || rank === 0 || rank > 4) {
    const magic = Buffer.from(content.subarray(0, 4)).toString('hex');
    throw bad(name, `its magic number is 0x${magic}, not 0x0000080N`);
  }
  if (type !== UNSIGNED_BYTE) {
    throw bad(
      name,
      `its values are of type 0x${type.toString(16)}, only unsigned bytes (0x8) are read`,
    );
  }
  if (content.length < headerBytes(rank)) throw bad(name, 'it ends inside its header');
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = countOf(dimensions);
  if (headerBytes(rank) + count > MAX_BYTES) {
    const limit = 'IDX files of up to 2 GiB are read';
    throw bad(name, `its header promises ${dimensions.join(' x ')} = ${count} values; ${limit}`);
  }
  return dimensions;
}

const headerBytes = (rank: number): number => 4 + 4 * rank;
const countOf = (dimensions: readonly number[]): number =>
  dimensions.reduce((product, size) => product * size, 1);

/**
 * Parses an IDX file: its header, then one byte a value.
 * @param name for messages
 * @throws UserError `bad-data` on a bad header, a truncated file or bytes beyond its end
 */
export function parseIdx(content: Uint8Array, name: string): IdxFile {
  const dimensions = parseHeader(content, name);
  const header = headerBytes(dimensions.length);
  const expected = countOf(dimensions);
  const found = content.length - header;
  if (found !== expected) {
    const shape = dimensions.join(' x ');
    throw bad(name, `its header promises ${shape} = ${expected} values, the file holds ${found}`);
  }
  return { dimensions, bytes: content.subarray(header) };
}

/**
 * Reads an IDX file, gzipped or not.
 * @throws UserError `bad-data`
 */
export async function readIdx(path: string): Promise<IdxFile> {
  const name = basename(path);
  const fail = (problem: string, cause?: unknown) => bad(name, problem, cause);
  const content = await readRegular(path, fail);
  if (!isGzip(content)) return parseIdx(content, name);
  const lengthOf = (head: Uint8Array) => {
    const dimensions = parseHeader(head, name);
    return headerBytes(dimensions.length) + countOf(dimensions);
  };
  return parseIdx(gunzip(content, lengthOf, fail), name);
}

/** The bytes of an IDX file with the given dimensions. */
export function encodeIdx(bytes: Uint8Array, dimensions: readonly number[]): Uint8Array {
  const header = Buffer.alloc(headerBytes(dimensions.length));
  header[2] = UNSIGNED_BYTE;
  header[3] = dimensions.length;
  dimensions.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([header, bytes]);
}
