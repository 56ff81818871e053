/** Reading files that others made: only regular ones, never more than a limit. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
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

/** The text of a regular file. @throws as `openRegular` */
export const readText = async (path: string, fail: Fail, most = MAX_BYTES): Promise<string> =>
  (await readRegular(path, fail, most)).toString('utf8');
