import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type DistillError, RunError, UserError } from '../errors.ts';
import { isRunning } from './is-running.ts';

/** A kind of folder that the program writes whole. Only a folder of its kind is ever replaced. */
export interface FolderKind {
  /** For messages, such as `model folder`. */
  readonly name: string;
  /** The file by which a folder of this kind is recognized. */
  readonly marker: string;
  /** Names of all that the program writes into such a folder, the marker included. */
  readonly contents: readonly string[];
}

const TEMPORARY = '.writing-';
const BACKUP = '-old';

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space on that disk, or write to another one',
  EDQUOT: 'free some of your quota on that disk, or write to another one',
  EACCES: 'name a path that you may write to',
  EPERM: 'name a path that you may write to',
  EROFS: 'that disk is read-only: write to another one',
  ENOTDIR: 'a part of this path is a file: name a path below a folder',
  EEXIST: 'a part of this path is a file: name a path below a folder',
  EISDIR: 'that is a folder: name a file',
  ENAMETOOLONG: 'choose a shorter name',
};

/** Faults of the disk rather than mistakes in what was asked for. */
const FAULTS: readonly string[] = ['ENOSPC', 'EDQUOT', 'EIO'];

/** What to throw when the operating system refuses to write `path`. */
export function unwritable(path: string, cause: unknown): DistillError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const message = `cannot write ${path} (${code})`;
  const options = { hint: HINTS[code] ?? 'name another path to write to', cause };
  return FAULTS.includes(code)
    ? new RunError('unwritable', message, options)
    : new UserError('unwritable', message, options);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/** Temporary siblings that this process is writing. */
const inUse = new Set<string>();

/** Longer than any folder takes to write. */
const MOST_WRITING_MS = 3_600_000;

/** Who writes a temporary sibling, as its name says: a process, and when that was started. */
interface Writer {
  readonly pid: number;
  /** In the clock ticks of `/proc`; undefined: not known on this system. */
  readonly start: string | undefined;
}

/** When a process was started, in clock ticks since the system was; undefined where that is not told. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything; field 22 is the twentieth after it.
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .at(19);
  } catch {
    return undefined;
  }
}

/**
 * Whether the process that wrote a temporary sibling has ended. Another one may have its id by now:
 * that one was started at another time, or writes for longer than anything takes.
 */
function isAbandoned(path: string, temporary: string, { pid, start }: Writer): boolean {
  // In a container every process may have the same id, so this process's own proves nothing.
  if (pid === process.pid) return !inUse.has(temporary);
  if (!isRunning(pid)) return true;
  const running = startOf(pid);
  if (start !== undefined && running !== undefined) return start !== running;
  const changed = statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Date.now();
  return Date.now() - changed > MOST_WRITING_MS;
}

/** The writer that the rest of a temporary sibling's name tells; undefined where it tells none. */
function writerIn(rest: string): Writer | undefined {
  const [, pid, start] = /^([1-9]\d*)(?:\.(\d+))?-/.exec(rest) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start };
}

/**
 * Cleans up what a process that was killed while writing `target` left beside it. Where it had
 * already renamed the old folder to a backup but not yet the new one to `target`, the backup is
 * restored. The rest is removed.
 */
async function recover(target: string): Promise<void> {
  const prefix = `.${basename(target)}${TEMPORARY}`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(dirname(target), name);
    const isBackup = name.endsWith(BACKUP);
    const temporary = isBackup ? path.slice(0, -BACKUP.length) : path;
    const writer = writerIn(name.slice(prefix.length));
    if (writer === undefined || !isAbandoned(path, temporary, writer)) continue;
    if (isBackup && !existsSync(target)) {
      await rename(path, target).catch((error) => {
        if (!existsSync(target)) throw error; // otherwise another process restored it first
      });
    } else {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/**
 * Restores a folder that a process was killed while replacing, so that it can be read. Does
 * nothing where there is no backup, or where another process is writing it.
 */
export async function restoreFolder(path: string): Promise<void> {
  if (!existsSync(path)) await recover(resolve(path)).catch(() => {});
}

/**
 * Calls `write` with a temporary sibling of `path`, on the same file system, so that a rename can
 * replace the target. Whatever happens, no temporary stays behind.
 * @throws UserError or RunError `unwritable` for what the operating system refuses
 */
async function withTemporarySibling<T>(
  path: string,
  write: (temporary: string, target: string) => Promise<T>,
): Promise<T> {
  const target = await realpath(path).catch(() => resolve(path));
  const start = startOf('self');
  const writer = start === undefined ? `${process.pid}` : `${process.pid}.${start}`;
  const unique = `${writer}-${randomBytes(4).toString('hex')}`;
  const temporary = join(dirname(target), `.${basename(target)}${TEMPORARY}${unique}`);
  inUse.add(temporary);
  try {
    await mkdir(dirname(target), { recursive: true });
    await recover(target);
    return await write(temporary, target);
  } catch (error) {
    throw isSystemError(error) ? unwritable(path, error) : error;
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    inUse.delete(temporary);
  }
}

/**
 * Writes a file so that readers see the old content or the new, never a part.
 * @throws UserError or RunError `unwritable`
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  await withTemporarySibling(path, async (temporary, target) => {
    const there = await stat(target).catch(() => undefined);
    if (there && !there.isFile()) {
      throw new UserError('unwritable', `cannot write ${path}: it exists and is no plain file`, {
        hint: 'name a file',
      });
    }
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, target);
  });
}

/** @throws UserError `foreign-folder` when something other than a folder of this kind is there */
async function refuseForeign(path: string, target: string, kind: FolderKind): Promise<void> {
  const refuse = (problem: string): never => {
    throw new UserError('foreign-folder', `${path} ${problem}`, {
      hint: `name a folder that does not exist yet: a ${kind.name} is written as a whole, nothing else stays in it`,
    });
  };
  const there = await stat(target).catch(() => undefined);
  if (!there) return;
  if (!there.isDirectory()) refuse(`is a file, not a ${kind.name}`);
  const way = relative(target, process.cwd());
  if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) {
    refuse('is the working folder or holds it');
  }
  const names = (await readdir(target)).sort();
  const foreign = names.find((name) => !kind.contents.includes(name));
  if (names.length > 0 && !names.includes(kind.marker)) {
    refuse(`exists and is no ${kind.name}: it holds ${foreign ?? names[0]} but no ${kind.marker}`);
  }
  if (foreign !== undefined) refuse(`holds ${foreign}, which this program did not put there`);
}

/**
 * Makes sure that a folder of this kind can be written at `path`, before hours are spent on its
 * contents.
 * @throws UserError `foreign-folder` when something else is there; as `checkWritable`
 */
export async function checkFolder(path: string, kind: FolderKind): Promise<void> {
  await withTemporarySibling(path, async (temporary, target) => {
    await refuseForeign(path, target, kind);
    await writeFile(temporary, '');
  });
}

/**
 * Makes sure that `path` can be written, before hours are spent on its contents.
 * @throws UserError or RunError `unwritable`
 */
export async function checkWritable(path: string): Promise<void> {
  await withTemporarySibling(path, (temporary) => writeFile(temporary, ''));
}

/** Makes what was written into a file or folder survive a power cut. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** As `flush`, of a folder's list of names; not every system can. */
const flushNames = (folder: string): Promise<void> => flush(folder).catch(() => {});

async function flushAll(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // which flushes only files opened for writing
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    await (entry.isDirectory() ? flushAll(path) : flush(path));
  }
  await flushNames(folder);
}

/**
 * Renames a folder to its final path. A folder that is not empty cannot be replaced by a rename, so
 * the old one is renamed to a backup first; if the process is killed then, `recover` restores it.
 */
async function replaceFolder(temporary: string, target: string): Promise<void> {
  const backup = `${temporary}${BACKUP}`;
  if (existsSync(target)) await rename(target, backup);
  try {
    await rename(temporary, target);
    await flushNames(dirname(target));
  } catch (error) {
    if (!existsSync(target) && existsSync(backup)) await rename(backup, target);
    throw error;
  }
  await rm(backup, { recursive: true, force: true }).catch(() => {}); // the next writer tries again
}

/**
 * Fills a folder through `fill` in a temporary sibling and renames it into place. A process that is
 * killed meanwhile leaves the old folder, or none where there was none, never a partial one. Only an
 * empty folder or one of the same kind is replaced. Returns what `fill` does.
 * @throws UserError `foreign-folder`; UserError or RunError `unwritable`; whatever `fill` throws
 */
export function writeFolderAtomically<T>(
  path: string,
  kind: FolderKind,
  fill: (temporary: string) => Promise<T>,
): Promise<T> {
  return withTemporarySibling(path, async (temporary, target) => {
    await refuseForeign(path, target, kind);
    await mkdir(temporary);
    const filled = await fill(temporary);
    await flushAll(temporary);
    await replaceFolder(temporary, target);
    return filled;
  });
}
