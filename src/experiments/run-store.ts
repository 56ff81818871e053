/** The runs below a folder: keeping one, listing all, finding one by its id. */
import { randomBytes } from 'node:crypto';
import { type Dirent, existsSync } from 'node:fs';
import { cp, lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../errors.ts';
import { unwritable } from '../storage/index.ts';
import { type KeptRun, RUN_FILE, readRun, writeRun } from './kept-run.ts';
import { SWEEP_FILE } from './sweep-folder.ts';

/** A run with the folder that it lies in. */
export interface StoredRun {
  readonly folder: string;
  readonly run: KeptRun;
}

/** What is kept of a run besides its facts. */
export interface RunContents {
  readonly files?: Readonly<Record<string, string>>;
  /** A folder that is copied to `model`. */
  readonly model?: string;
}

/** Such as `20261126-185112`, in UTC. */
const stamp = (startedAt: string): string =>
  startedAt.slice(0, 19).replace(/[-:]/g, '').replace('T', '-');

/** A new folder below `runs`: when it began, what it is, and something that nothing else has. */
async function newFolder(runs: string, kind: string, startedAt: string): Promise<string> {
  try {
    await mkdir(runs, { recursive: true });
    for (;;) {
      const folder = join(runs, `${stamp(startedAt)}-${kind}-${randomBytes(2).toString('hex')}`);
      if (existsSync(folder)) continue;
      await mkdir(folder);
      return folder;
    }
  } catch (error) {
    throw unwritable(runs, error);
  }
}

/**
 * Keeps a run in a folder of its own; nothing that is there is touched.
 * @throws UserError or RunError `unwritable`
 */
export async function keepRun(
  runs: string,
  run: Omit<KeptRun, 'schema' | 'files' | 'id'>,
  { files = {}, model }: RunContents,
): Promise<StoredRun> {
  const folder = await newFolder(runs, run.kind, run.startedAt);
  if (model !== undefined) {
    await cp(model, join(folder, 'model'), { recursive: true }).catch((error) => {
      throw unwritable(folder, error);
    });
  }
  return { folder, run: await writeRun(folder, { id: basename(folder), ...run }, files) };
}

const foldersIn = async (folder: string): Promise<string[]> => {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
};

/** The runs below a folder, the trials of sweeps among them; what cannot be read is left out. */
export async function storedRuns(runs: string): Promise<StoredRun[]> {
  const found: StoredRun[] = [];
  for (const folder of await foldersIn(runs)) {
    for (const own of [folder, ...(await foldersIn(join(folder, 'trials')))]) {
      const run = await readRun(own).catch(() => undefined);
      if (run) found.push({ folder: own, run });
    }
  }
  return found.sort((a, b) => (a.run.startedAt < b.run.startedAt ? -1 : 1));
}

/**
 * The run with this id, or the only one whose id contains it.
 * @throws UserError `no-run` when there is none or there are several
 */
export async function findRun(runs: string, id: string): Promise<StoredRun> {
  const all = await storedRuns(runs);
  const exact = all.filter(({ run }) => run.id === id);
  const found =
    exact.length > 0 ? exact : all.filter(({ run }) => id !== '' && run.id.includes(id));
  const ids = [...new Set(found.map((one) => one.run.id))];
  if (ids.length === 1) return found[0];
  const problem =
    ids.length === 0
      ? `no run below ${runs} is named ${id}`
      : `${ids.length} runs below ${runs} are named like ${id}: ${ids.slice(0, 3).join(', ')}`;
  throw new UserError('no-run', problem, { hint: 'name one of the runs that are listed' });
}

/** Something below the folder of runs that may be deleted as a whole. */
export interface Prunable {
  readonly folder: string;
  /** `unfinished`: a run that was killed before it came to an end. */
  readonly kind: 'run' | 'sweep' | 'unfinished';
  /** Absent where it says nothing that could be read. */
  readonly run?: KeptRun;
  /** When it was last written to. */
  readonly changed: Date;
  readonly bytes: number;
}

/** What a folder made by `keepRun` is called. */
const KEPT = /^\d{8}-\d{6}-[\w-]+-[0-9a-f]{4}$/;

/** The runs and sweeps below a folder; nothing else is ever named, nor what links lead to. */
export async function prunable(runs: string): Promise<Prunable[]> {
  const found: Prunable[] = [];
  for (const folder of await foldersIn(runs)) {
    const isSweep = existsSync(join(folder, SWEEP_FILE));
    const run = isSweep ? undefined : await readRun(folder).catch(() => undefined);
    const isUnfinished = KEPT.test(basename(folder)) && !existsSync(join(folder, RUN_FILE));
    if (!isSweep && !run && !isUnfinished) continue;
    const { mtime } = await lstat(folder);
    found.push({
      folder,
      kind: isSweep ? 'sweep' : run ? 'run' : 'unfinished',
      ...(run && { run }),
      changed: run ? new Date(run.startedAt) : mtime,
      bytes: await bytesIn(folder),
    });
  }
  return found.sort((a, b) => a.changed.getTime() - b.changed.getTime());
}

async function bytesIn(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) total += (await lstat(join(entry.parentPath, entry.name))).size;
  }
  return total;
}
