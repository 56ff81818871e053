/** Unpacking gzip files, no further than they promise. */
import { gunzipSync, constants as zlib } from 'node:zlib';
import type { Fail } from './read-regular.ts';

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
