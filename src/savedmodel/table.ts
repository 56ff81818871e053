/**
 * The LevelDB table: an immutable file of sorted keys with values, in blocks.
 *
 *     data block* | metaindex block (empty) | index block | footer (48 bytes)
 *
 * A block is entries, then the u32 offsets of its restart points, then their count; each block is
 * followed by a type byte (0: not compressed) and the masked CRC-32C of block and type. An entry
 * shares a prefix with the key before it, except at a restart point:
 *
 *     varint shared | varint rest | varint value length | rest of the key | value
 *
 * The index block maps the last key of each data block to the block's handle (offset and size).
 * Written without compression, as TensorFlow does; compressed blocks are refused.
 */

import { FormatError } from '../storage/index.ts';
import { crc32c, maskCrc, maskedCrc32c } from './crc32c.ts';
import { Cursor, encodeVarint } from './varint.ts';

const MAGIC = 0xdb4775248b80fb57n;
const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
const BLOCK_BYTES = 262_144;
/** Bound on the sum of all key lengths: prefix sharing could otherwise multiply a small file. */
const MAX_KEY_BYTES = 2 ** 24;

export interface TableEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Orders strings as their UTF-8 bytes, which is how a table sorts its keys. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

class BlockBuilder {
  readonly #parts: Uint8Array[] = [];
  readonly #restarts: number[] = [];
  readonly #interval: number;
  #count = 0;
  #previous: Buffer = Buffer.alloc(0);
  size = 0;

  constructor(restartInterval: number) {
    this.#interval = restartInterval;
  }

  add(key: Buffer, value: Uint8Array): void {
    let shared = 0;
    if (this.#count % this.#interval === 0) {
      this.#restarts.push(this.size);
    } else {
      const limit = Math.min(key.length, this.#previous.length);
      while (shared < limit && key[shared] === this.#previous[shared]) shared++;
    }
    const rest = key.subarray(shared);
    this.#push(encodeVarint(shared), encodeVarint(rest.length), encodeVarint(value.length));
    this.#push(rest, value);
    this.#previous = key;
    this.#count++;
  }

  #push(...parts: Uint8Array[]): void {
    for (const part of parts) this.size += part.length;
    this.#parts.push(...parts);
  }

  finish(): Buffer {
    if (this.#restarts.length === 0) this.#restarts.push(0);
    const tail = Buffer.alloc(4 * this.#restarts.length + 4);
    this.#restarts.forEach((offset, i) => {
      tail.writeUInt32LE(offset, 4 * i);
    });
    tail.writeUInt32LE(this.#restarts.length, 4 * this.#restarts.length);
    return Buffer.concat([...this.#parts, tail]);
  }
}

/** Builds a table from entries whose keys are distinct; they need not be sorted. */
export function encodeTable(entries: readonly TableEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => compareKeys(a.key, b.key));
  const parts: Uint8Array[] = [];
  let size = 0;

  const append = (block: Buffer): Buffer => {
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32LE(maskCrc(crc32c(trailer.subarray(0, 1), crc32c(block))), 1);
    const handle = Buffer.concat([encodeVarint(size), encodeVarint(block.length)]);
    parts.push(block, trailer);
    size += block.length + trailer.length;
    return handle;
  };

  const index = new BlockBuilder(1);
  let data = new BlockBuilder(16);
  sorted.forEach((entry, i) => {
    const key = Buffer.from(entry.key);
    data.add(key, entry.value);
    if (data.size >= BLOCK_BYTES || i === sorted.length - 1) {
      index.add(key, append(data.finish()));
      data = new BlockBuilder(16);
    }
  });
  const handles = [append(new BlockBuilder(16).finish()), append(index.finish())];

  const footer = Buffer.alloc(FOOTER_BYTES);
  Buffer.concat(handles).copy(footer);
  footer.writeBigUInt64LE(MAGIC, FOOTER_BYTES - 8);
  return Buffer.concat([...parts, footer]);
}

/**
 * Reads every entry of a table, in order, with all checksums verified.
 *
 * @param file the name for messages
 * @throws FormatError when anything is not as the format says
 */
export function decodeTable(bytes: Uint8Array, file: string): TableEntry[] {
  const table = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readTable(table);
  } catch (cause) {
    // Buffer and TextDecoder speak in RangeError and TypeError, as Cursor does.
    if (!(cause instanceof RangeError || cause instanceof TypeError)) throw cause;
    throw new FormatError(file, `is not a sound LevelDB table: ${cause.message}`, { cause });
  }
}

function readTable(table: Buffer): TableEntry[] {
  if (table.length < FOOTER_BYTES) throw new RangeError('it is shorter than a footer');
  const footer = table.subarray(table.length - FOOTER_BYTES);
  if (footer.readBigUInt64LE(FOOTER_BYTES - 8) !== MAGIC) throw new RangeError('wrong magic');

  const body = table.subarray(0, table.length - FOOTER_BYTES);
  const handles = new Cursor(footer.subarray(0, FOOTER_BYTES - 8));
  const metaindex = readBlock(body, handles);
  const index = readBlock(body, handles);
  const keys = { left: MAX_KEY_BYTES };
  blockEntries(metaindex, keys);

  const entries: TableEntry[] = [];
  for (const { value } of blockEntries(index, keys)) {
    const handle = new Cursor(value);
    for (const entry of blockEntries(readBlock(body, handle), keys)) {
      const last = entries.at(-1);
      if (last !== undefined && compareKeys(last.key, entry.key) >= 0) {
        throw new RangeError('its keys are not sorted');
      }
      entries.push(entry);
    }
  }
  return entries;
}

function readBlock(body: Buffer, handle: Cursor): Buffer {
  const offset = handle.varint();
  const size = handle.varint();
  if (offset + size + TRAILER_BYTES > body.length) {
    throw new RangeError('a block is outside of it');
  }
  const withType = body.subarray(offset, offset + size + 1);
  if (body.readUInt32LE(offset + size + 1) !== maskedCrc32c(withType)) {
    throw new RangeError('the checksum of a block does not match');
  }
  if (body[offset + size] !== 0) throw new RangeError('a block is compressed');
  return body.subarray(offset, offset + size);
}

function blockEntries(block: Buffer, keyBytes: { left: number }): TableEntry[] {
  if (block.length < 4) throw new RangeError('a block is too short');
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 - 4 * restarts;
  if (end < 0) throw new RangeError('a block has more restart points than room');

  const decoder = new TextDecoder('utf-8', { fatal: true });
  const cursor = new Cursor(block.subarray(0, end));
  const entries: TableEntry[] = [];
  let previous: Buffer = Buffer.alloc(0);
  while (!cursor.done) {
    const shared = cursor.varint();
    const rest = cursor.varint();
    const valueLength = cursor.varint();
    if (shared > previous.length) throw new RangeError('a key shares more than there is');
    if ((keyBytes.left -= shared + rest) < 0) throw new RangeError('its keys are too long');
    const key = Buffer.concat([previous.subarray(0, shared), cursor.take(rest)]);
    entries.push({ key: decoder.decode(key), value: cursor.take(valueLength) });
    previous = key;
  }
  return entries;
}
