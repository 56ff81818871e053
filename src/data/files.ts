/** Reading files that others made: only regular ones, never more than a limit. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { gunzipSync, constants as zlib } from 'node:zlib';
import type { UserError } from '../errors.ts';

/** More than any data set that this program keeps in memory takes; Node reads no more in one piece. */
export const MAX_BYTES = 2 ** 31 - 1;

/** Makes the error for a problem with the file that is being read. */
export type Fail = (problem: string, cause?: unknown) => UserError;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ELOOP: 'its symbolic links go in a circle',
  EACCES: 'it must not be read',
  ENXIO: 'it is not a regular file',
};

/**
 * Opens a regular file; a pipe without a writer does not make it wait.
 * @throws what `fail` makes, when it is absent, is no regular file, or is larger than `most` bytes
 */
export async function openRegular(
  path: string,
  fail: Fail,
  most: number,
): Promise<{ handle: FileHandle; size: number }> {
  // Windows has no pipes among its files, and no such flag.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    throw fail(REASONS[error.code ?? ''] ?? `it cannot be opened (${error.code})`, error);
  });
  const stat = await handle.stat();
  const problem = !stat.isFile()
    ? 'it is not a regular file'
    : stat.size > most
      ? `its ${stat.size} bytes are more than the limit of ${most}`
      : undefined;
  if (problem === undefined) return { handle, size: stat.size };
  await handle.close();
  throw fail(problem);
}

/** All bytes of a regular file. @throws as `openRegular` */
export async function readRegular(path: string, fail: Fail, most = MAX_BYTES): Promise<Buffer> {
  const { handle, size } = await openRegular(path, fail, most);
  try {
    const content = Buffer.allocUnsafe(size);
    for (let done = 0; done < size; ) {
      const { bytesRead } = await handle.read(content, done, size - done, done);
      if (bytesRead === 0) throw fail('it ended while it was being read');
      done += bytesRead;
    }
    return content;
  } finally {
    await handle.close();
  }
}

/** Whether content begins as gzip does. */
export const isGzip = (content: Uint8Array): boolean => content[0] === 0x1f && content[1] === 0x8b;

/** Compressed bytes that are unpacked to see what a gzip file promises. */
const HEAD = 4096;

/**
 * Unpacks a gzip file that says in its first bytes how long it is, and no further.
 * @param lengthOf the promised length, from the first unpacked bytes (up to some thousands)
 * @throws what `fail` makes when it is damaged, longer than promised, or followed by other bytes
 */
export function gunzip(
  content: Uint8Array,
  lengthOf: (head: Uint8Array) => number,
  fail: Fail,
): Buffer {
  const damaged = (cause: unknown) =>
    fail(`its gzip stream is damaged (${(cause as Error).message})`, cause);
  let head: Buffer;
  try {
    // A short file is there as a whole, so its end is checked too.
    const finishFlush = content.length > HEAD ? zlib.Z_SYNC_FLUSH : zlib.Z_FINISH;
    head = gunzipSync(content.subarray(0, HEAD), { finishFlush });
  } catch (cause) {
    throw damaged(cause);
  }
  const length = lengthOf(head);
  // `info`, which Node's types leave out, also gives how many bytes of the input were used.
  const options = { maxOutputLength: Math.max(1, length), info: true };
  let unpacked: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    unpacked = gunzipSync(content, options) as unknown as typeof unpacked;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw damaged(cause);
    throw fail(`it unpacks to more than the ${length} bytes that its header promises`, cause);
  }
  if (unpacked.engine.bytesWritten !== content.length) {
    throw fail('other bytes follow its gzip stream');
  }
  return unpacked.buffer;
}
