/** Reading ZIP archives, such as NumPy's `.npz`: within bounds, every checksum checked. */
import { inflateRawSync } from 'node:zlib';
import { FormatError } from './format-error.ts';
import { MAX_FILE_BYTES } from './regular-file.ts';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
const MAX_ENTRIES = 10_000;
/** Deflate turns no byte into more than this many. */
const MAX_EXPANSION = 1032;
const STORED = 0;
const DEFLATED = 8;

/** A file in an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Its bytes when unpacked, as the archive says. */
  readonly size: number;
  /** Unpacks it. @throws Error when it is damaged */
  read(): Uint8Array;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/**
 * The files of an archive, none of them unpacked yet.
 * @throws Error when it is no archive of one part, is damaged, or needs ZIP64
 */
export function listZip(content: Uint8Array): ZipEntry[] {
  const archive = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const end = findEnd(archive);
  if (end === undefined) throw new Error('it has no end record of a ZIP archive');
  const count = archive.readUInt16LE(end + 10);
  if (count > MAX_ENTRIES) throw new Error(`it lists more than ${MAX_ENTRIES} files`);
  const entries: ZipEntry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > end || archive.readUInt32LE(at) !== ENTRY) {
      throw new Error('its list of files is damaged');
    }
    const [names, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const name = archive.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + names);
    entries.push(entryOf(archive, at, name));
    at += ENTRY_BYTES + names + extra + comment;
  }
  if (at !== end) throw new Error('its list of files is damaged');
  return entries;
}

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && Buffer.from(bytes.subarray(0, 4)).readUInt32LE() === LOCAL;
}

/**
 * The files of an archive that have one of these names.
 * @param file the archive's name, for messages
 * @throws FormatError when it is damaged, or one of them is too large
 */
export function unzip(
  file: string,
  content: Uint8Array,
  names: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  try {
    const entries = listZip(content).filter(({ name }) => names.includes(name));
    const large = entries.find(({ size }) => size > MAX_FILE_BYTES);
    if (large) throw new Error(`its ${large.name} is larger than ${MAX_FILE_BYTES} bytes`);
    return new Map(entries.map((entry) => [entry.name, entry.read()]));
  } catch (cause) {
    throw new FormatError(file, `cannot be read as a ZIP archive: ${(cause as Error).message}`, {
      hint: 'the file is damaged or incomplete: save it again, or restore a copy',
      cause,
    });
  }
}

/** Where the end record begins; only its comment follows it. */
function findEnd(archive: Buffer): number | undefined {
  const last = archive.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (archive.readUInt32LE(at) === END && archive.readUInt16LE(at + 20) === last - at) return at;
  }
  return undefined;
}

function entryOf(archive: Buffer, at: number, name: string): ZipEntry {
  const flags = archive.readUInt16LE(at + 8);
  const method = archive.readUInt16LE(at + 10);
  const [crc, packed, size] = [16, 20, 24].map((offset) => archive.readUInt32LE(at + offset));
  const local = archive.readUInt32LE(at + 42);
  const read = () => {
    const fail = (problem: string) => new Error(`${name} in it ${problem}`);
    if (flags & 1) throw fail('is encrypted');
    if (method !== STORED && method !== DEFLATED)
      throw fail(`is packed in another way (${method})`);
    if (local + LOCAL_BYTES > archive.length || archive.readUInt32LE(local) !== LOCAL) {
      throw fail('is damaged');
    }
    const lengths = archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const from = local + LOCAL_BYTES + lengths;
    const bytes = archive.subarray(from, from + packed);
    if (bytes.length !== packed) throw fail('is truncated');
    if (method === STORED ? size !== packed : size > MAX_EXPANSION * packed) {
      throw fail('has another length than it says');
    }
    const unpacked = method === STORED ? bytes : inflate(bytes, size, fail);
    if (unpacked.length !== size) throw fail('has another length than it says');
    if (crc32(unpacked) !== crc) throw fail('has a wrong checksum');
    return unpacked;
  };
  return { name, size, read };
}

function inflate(bytes: Uint8Array, size: number, fail: (problem: string) => Error): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw fail(`cannot be unpacked (${(error as Error).message})`);
  }
}
