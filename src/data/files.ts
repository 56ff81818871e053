import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../errors.ts';

const TEMPORARY = '.writing-';

function unwritable(path: string, cause: unknown): UserError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new UserError('unwritable', `cannot write ${path} (${reason})`, {
    hint: 'name a folder that you may write to',
    cause,
  });
}

/** What a process that was killed while writing `path` left beside it. */
async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}${TEMPORARY}`;
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0;
    if (pid > 0 && !isRunning(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A temporary sibling of `path`, on the same file system, so that a rename can replace it. */
async function temporarySibling(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await removeLeftovers(path);
  const unique = `${process.pid}-${randomBytes(4).toString('hex')}`;
  return join(dirname(path), `.${basename(path)}${TEMPORARY}${unique}`);
}

/**
 * Writes a file so that readers see the old content or the new, never a part.
 * @throws UserError `unwritable`
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  try {
    const temporary = await temporarySibling(resolve(path));
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Fills a folder through `fill` in a temporary sibling and renames it into place. A process that
 * is killed meanwhile leaves the old folder or none, never half a one.
 * @throws UserError `unwritable`, and whatever `fill` throws
 */
export async function writeFolderAtomically(
  path: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  let temporary: string;
  try {
    temporary = await temporarySibling(target);
    await mkdir(temporary);
  } catch (error) {
    throw unwritable(path, error);
  }
  try {
    await fill(temporary);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  try {
    // A folder that is not empty cannot be renamed over: move the old one aside first.
    const old = `${temporary}-old`;
    if (existsSync(target)) await rename(target, old);
    await rename(temporary, target);
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Makes sure that `path` can be written before hours are spent on what is to go there.
 * @throws UserError `unwritable`
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const probe = await temporarySibling(resolve(path));
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw unwritable(path, error);
  }
}
