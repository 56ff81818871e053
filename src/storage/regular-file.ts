import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { FormatError } from './format-error.ts';

/** Larger files than this are refused: an image classifier's are far smaller. */
export const MAX_FILE_BYTES = 2 ** 29;

/**
 * Reads `length` bytes at `offset` of a regular file; without a range, all of it.
 *
 * @throws FormatError when the file is absent, not a regular file, too large, or shorter
 */
export function readFileBytes(
  path: string,
  range?: { offset: number; length: number },
): Uint8Array<ArrayBuffer> {
  let descriptor: number;
  try {
    // A pipe without a writer would make it wait; Windows has no such files, and no such flag.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw new FormatError(path, 'cannot be opened', {
      hint: 'Check that the folder is complete and readable.',
      cause,
    });
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new FormatError(path, 'is not a regular file');
    const { offset, length } = range ?? { offset: 0, length: stat.size };
    if (length > MAX_FILE_BYTES) {
      throw new FormatError(path, `${length} bytes are more than the limit of ${MAX_FILE_BYTES}`);
    }
    if (offset + length > stat.size) {
      throw new FormatError(
        path,
        `is truncated: ${offset + length} bytes expected, ${stat.size} found`,
      );
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const count = readSync(descriptor, bytes, done, length - done, offset + done);
      if (count === 0) throw new FormatError(path, 'ended while it was being read');
      done += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
