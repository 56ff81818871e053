import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UserError } from '../errors.ts';

/** The contents of an IDX file of unsigned bytes: <http://yann.lecun.com/exdb/mnist/>. */
export interface IdxFile {
  readonly dimensions: readonly number[];
  readonly bytes: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** More than any real IDX file holds (MNIST: 47 MB); stops a gzip bomb. */
const MAX_BYTES = 2 ** 31;

function bad(file: string, problem: string): UserError {
  return new UserError('bad-data', `${file} is no usable IDX file: ${problem}`, {
    hint: 'fetch the data set again, or name another folder',
  });
}

/**
 * Parses an IDX file: two zero bytes, the type, the rank, big-endian dimensions, the data.
 * @param name for messages
 * @throws UserError `bad-data` on a wrong magic number, type, size or a truncated file
 */
export function parseIdx(content: Uint8Array, name: string): IdxFile {
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
  const header = 4 + 4 * rank;
  if (content.length < header) throw bad(name, 'it ends inside its header');
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = dimensions.reduce((product, size) => product * size, 1);
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
  const content = await readFile(path);
  const name = basename(path);
  if (content[0] !== GZIP_MAGIC[0] || content[1] !== GZIP_MAGIC[1]) return parseIdx(content, name);
  let unpacked: Buffer;
  try {
    unpacked = gunzipSync(content, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw bad(name, `its gzip stream is damaged (${(cause as Error).message})`);
  }
  return parseIdx(unpacked, name);
}

/** The bytes of an IDX file with the given dimensions. */
export function encodeIdx(bytes: Uint8Array, dimensions: readonly number[]): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header[2] = UNSIGNED_BYTE;
  header[3] = dimensions.length;
  dimensions.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([header, bytes]);
}
