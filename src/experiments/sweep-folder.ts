/**
 * A sweep on disk: what was asked for, and below it the trials. A trial is done when its run is
 * there; all that is not done is the queue, so that nothing is lost or repeated by a kill.
 */
import { existsSync } from 'node:fs';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { isRunning, readText, writeFileAtomically } from '../storage/index.ts';

const SCHEMA = 'distill-sweep/1';
export const SWEEP_FILE = 'sweep.json';
const LOCK_FILE = 'lock.json';
const MAX_BYTES = 2 ** 20;

const sweepSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  program: z.string(),
  /** Of the definition and the settings that are the same in all trials. */
  digest: z.string(),
  /** Arguments that start it, and resume it. */
  command: z.array(z.string()),
});

export type SweepState = z.infer<typeof sweepSchema>;

const lockSchema = z.object({ pid: z.int().min(1), workers: z.array(z.int().min(1)) });

/** How often the one who holds a sweep says so, and after how long without it is not believed. */
const MILLISECONDS_BETWEEN_SIGNS = 2000;
const SECONDS_BELIEVED = 20;
/** How long to wait for workers whose sweep was killed. */
const SECONDS_TO_END = 30;

/** @throws UserError `bad-sweep` */
export async function readSweep(folder: string): Promise<SweepState> {
  const path = join(folder, SWEEP_FILE);
  const fail = (problem: string, cause?: unknown) =>
    new UserError('bad-sweep', `cannot read ${path}: ${problem}`, {
      hint: 'delete the folder to start over, or name another one',
      cause,
    });
  const text = await readText(path, fail, MAX_BYTES);
  try {
    return sweepSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw fail('it is no sweep, or of another version', cause);
  }
}

/**
 * Begins a sweep in a folder, or goes on with it.
 * @returns whether it had been begun
 * @throws UserError `foreign-sweep` when another sweep is there, `foreign-folder` when something else
 *   is, `bad-sweep`
 */
export async function openSweep(
  folder: string,
  state: Omit<SweepState, 'schema'>,
): Promise<boolean> {
  if (existsSync(join(folder, SWEEP_FILE))) {
    const found = await readSweep(folder);
    if (found.digest === state.digest) return true;
    throw new UserError('foreign-sweep', `${folder} holds another sweep`, {
      hint: 'name a folder that does not exist yet, or repeat that sweep as it was',
    });
  }
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'));
  if (names.length > 0) {
    throw new UserError('foreign-folder', `${folder} holds ${names[0]}, and no sweep`, {
      hint: 'name a folder that does not exist yet',
    });
  }
  const content = JSON.stringify({ schema: SCHEMA, ...state }, null, 2);
  await writeFileAtomically(join(folder, SWEEP_FILE), `${content}\n`);
  return false;
}

/** Keeps others from working in a sweep's folder as long as this process does. */
export class SweepLock {
  readonly #path: string;
  readonly #workers: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #written: Promise<void>;

  private constructor(path: string) {
    this.#path = path;
    this.#written = this.#write();
    this.#timer = setInterval(() => {
      const now = new Date();
      utimes(this.#path, now, now).catch(() => {});
    }, MILLISECONDS_BETWEEN_SIGNS);
    this.#timer.unref();
  }

  #write(): Promise<void> {
    return writeFileAtomically(
      this.#path,
      JSON.stringify({ pid: process.pid, workers: this.#workers }),
    );
  }

  /**
   * Takes the folder; where a killed sweep left workers that have not noticed yet, waits for them.
   * @throws UserError `busy` when another process works in it
   */
  static async take(folder: string): Promise<SweepLock> {
    const path = join(folder, LOCK_FILE);
    const left = await readLock(path);
    if (left && left.pid !== process.pid && left.isFresh && isRunning(left.pid)) {
      throw new UserError('busy', `process ${left.pid} is working on ${folder}`, {
        hint: 'wait until it ends, or end it',
      });
    }
    const deadline = Date.now() + 1000 * SECONDS_TO_END;
    const isWaiting = () => left?.isFresh && left.workers.some(isRunning) && Date.now() < deadline;
    while (isWaiting()) await sleep(50);
    const lock = new SweepLock(path);
    await lock.#written;
    return lock;
  }

  /** Notes a process that works in the folder. */
  addWorker(pid: number): void {
    this.#workers.push(pid);
    this.#written = this.#written.then(() => this.#write());
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#written;
    await rm(this.#path, { force: true });
  }
}

async function readLock(path: string) {
  const there = await stat(path).catch(() => undefined);
  if (!there) return undefined;
  const text = await readText(path, (problem) => new UserError('busy', problem), MAX_BYTES).catch(
    () => '',
  );
  const parsed = lockSchema.safeParse(parsedJson(text));
  const isFresh = Date.now() - there.mtimeMs < 1000 * SECONDS_BELIEVED;
  return parsed.success ? { ...parsed.data, isFresh } : undefined;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
