/**
 * HDF5 files as plain data. The format is a web of addresses and lengths, and jsfive follows them as
 * they are: a damaged or hostile file can make it run, or allocate, without end. So it runs in a
 * process of its own, with a limit on its memory and its time.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { FormatError } from '../../storage/index.ts';
import type { Constant } from './constants.ts';

export interface Hdf5Group {
  /** Attributes that are text or lists of text. */
  readonly attributes: ReadonlyMap<string, string | readonly string[]>;
  readonly groups: ReadonlyMap<string, Hdf5Group>;
  /** Data sets of numbers. */
  readonly datasets: ReadonlyMap<string, Constant>;
}

/** The files by which the processes talk, in a folder of their own. */
export const REQUEST = 'request';
export const ANSWER = 'answer';

/** What the process is asked. */
export interface Hdf5Request {
  readonly bytes: Uint8Array;
  /** Groups of the root that are not read. */
  readonly skip: readonly string[];
}

/** What it answers. */
export type Hdf5Answer = { readonly root: Hdf5Group } | { readonly problem: string };

const MAGIC = '\x89HDF\r\n\x1a\n';
const LIMITS = { seconds: 60, megabytes: 2048 };
const HINT = 'the file is damaged or incomplete: save it again, or restore a copy';

export function isHdf5(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
}

/** @throws FormatError when the process ends without an answer */
function answerOf(file: string, request: Hdf5Request, seconds: number): Hdf5Answer {
  const entry = fileURLToPath(
    new URL(`./hdf5-process${extname(import.meta.url)}`, import.meta.url),
  );
  const memory = `--max-old-space-size=${LIMITS.megabytes}`;
  const folder = mkdtempSync(join(tmpdir(), 'distill-hdf5-'));
  try {
    writeFileSync(join(folder, REQUEST), serialize(request));
    const { status, error } = spawnSync(
      process.execPath,
      [...process.execArgv, memory, entry, folder],
      { timeout: seconds * 1000, killSignal: 'SIGKILL', stdio: 'ignore' },
    );
    if (status === 0) return deserialize(readFileSync(join(folder, ANSWER)));
    const isLate = error !== undefined && 'code' in error && error.code === 'ETIMEDOUT';
    const problem = isLate ? `takes more than ${seconds} s` : 'ends the process that reads it';
    throw new FormatError(file, `reading it as HDF5 ${problem}`, { hint: HINT, cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Reads a whole HDF5 file.
 * @param file its name, for messages
 * @param skip groups of the root to leave out
 * @throws FormatError when the file is damaged, or holds what an HDF5 file of weights does not
 */
export function readHdf5(
  file: string,
  bytes: Uint8Array,
  skip: readonly string[] = [],
  seconds = LIMITS.seconds,
): Hdf5Group {
  const answer = answerOf(file, { bytes, skip }, seconds);
  if ('root' in answer) return answer.root;
  throw new FormatError(file, `cannot be read as HDF5: ${answer.problem}`, { hint: HINT });
}
