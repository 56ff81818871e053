/** Folders as one piece of bytes that can travel, and back, within bounds. */
import type { Dirent } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { RunError } from '../../errors.ts';
import { listZip, zip } from '../../storage/index.ts';

/** Of one archive, unpacked or not. */
export const MOST_ARCHIVE_BYTES = 2 ** 30;
const MOST_FILES = 1000;

/** Names below a folder that lead nowhere else: no `..`, nothing hidden, nothing absolute. */
const SAFE_NAME = /^[\w-][\w.-]{0,199}(?:\/[\w-][\w.-]{0,199}){0,6}$/;

/** The file that a training keeps beside the folder of its model. */
const CHECKPOINT = '.checkpoint.safetensors';

/** Whether a file belongs to a part: it lies in its folder, or is the checkpoint beside it. */
const belongs = (name: string, part: string): boolean =>
  name.startsWith(`${part}/`) || name === `${part}${CHECKPOINT}`;

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(join(root, folder), { withFileTypes: true }).catch(
    () => [],
  );
  const names = entries
    .filter(({ name }) => !name.startsWith('.')) // what is being written
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(async (entry) => {
      const name = posix.join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(root, name);
      return entry.isFile() ? [name] : [];
    });
  return (await Promise.all(names)).flat();
}

/** Undefined where there are no files, or one of them went while it was read. */
async function packed(
  names: Iterable<readonly [name: string, path: string]>,
): Promise<Uint8Array | undefined> {
  const files: Record<string, Uint8Array> = {};
  for (const [name, path] of names) {
    const content = await readFile(path).catch(() => undefined);
    if (content) files[name] = content;
    else if (!name.endsWith(CHECKPOINT)) return undefined;
  }
  return Object.keys(files).length === 0 ? undefined : zip(files);
}

/**
 * The files of a part below `root`, and its checkpoint, with their names from there on; the same
 * files give the same bytes. Undefined where there are none, or one of them went while it was read.
 */
export async function pack(root: string, part: string): Promise<Uint8Array | undefined> {
  const names = [...(await filesBelow(root, part)), `${part}${CHECKPOINT}`];
  return packed(names.map((name) => [name, join(root, name)]));
}

/** The files of a folder, wherever it is, as those of a part. */
export async function packFolder(folder: string, part: string): Promise<Uint8Array | undefined> {
  const names = (await filesBelow(folder, '.')).filter((name) => SAFE_NAME.test(name));
  return packed(names.map((name) => [`${part}/${name}`, join(folder, name)]));
}

const refuse = (problem: string, cause?: unknown) =>
  new RunError('bad-archive', `what came over the queue cannot be unpacked: ${problem}`, {
    hint: 'look who else can write to the queue',
    cause,
  });

/**
 * Unpacks an archive below `root`.
 * @param parts that its files may belong to
 * @throws RunError `bad-archive` when it is damaged, too large, or names anything else
 */
export async function unpack(
  root: string,
  bytes: Uint8Array,
  parts: readonly string[],
): Promise<void> {
  const files = new Map<string, Uint8Array>();
  try {
    const entries = listZip(bytes);
    if (entries.length > MOST_FILES) throw new Error(`it has more than ${MOST_FILES} files`);
    if (entries.reduce((sum, { size }) => sum + size, 0) > MOST_ARCHIVE_BYTES) {
      throw new Error(`it holds more than ${MOST_ARCHIVE_BYTES} bytes`);
    }
    for (const { name, read } of entries) {
      if (!SAFE_NAME.test(name) || !parts.some((part) => belongs(name, part))) {
        throw new Error('it holds a file that does not belong there');
      }
      files.set(name, read());
    }
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error), error);
  }
  for (const [name, content] of files) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}
