/** Tasks of a sweep done by workers on other machines, over a queue. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RunError } from '../../errors.ts';
import { readModelCard } from '../../models/index.ts';
import { readRecord } from '../../report/index.ts';
import { programVersion } from '../../version.ts';
import type { Executor, OnTask } from '../executor.ts';
import { isWhole, type KeptRun, readRun } from '../kept-run.ts';
import { errorOf } from '../messages.ts';
import { metricsOf } from '../metrics.ts';
import { STAGES, type Task, taskKey, trialId } from '../trial.ts';
import { configurationOf, partsFor } from '../work.ts';
import { pack, unpack } from './archive.ts';
import type { BlobRef, BlobStore } from './blobs.ts';
import { JobBoard } from './board.ts';
import type { QueueServer } from './server.ts';
import type { Answer, TaskJob } from './travel.ts';

export interface QueueExecutorOptions {
  readonly server: QueueServer;
  readonly store: BlobStore;
  /** The sweep's folder here. */
  readonly folder: string;
  /** Of what is asked for: jobs of another sweep have other ids. */
  readonly digest: string;
  readonly onTask?: OnTask;
}

/** How often a task is asked for whose parts were lost on the way. */
const MOST_ATTEMPTS = 5;
const INCOMING = '.incoming-';

const badAnswer = (problem: string, cause?: unknown) =>
  new RunError('bad-answer', `what came back of a trial is not its result: ${problem}`, {
    hint: 'look who else can write to the queue, and whether all machines have the same data',
    cause,
  });

export class QueueExecutor implements Executor {
  readonly #options: QueueExecutorOptions;
  readonly #board: JobBoard;
  /** What was put into the store, by the part of the folder that it is. */
  readonly #stored = new Map<string, Promise<BlobRef | undefined>>();
  /** Digests of the data that trials were done with, by what was asked for. */
  readonly #data = new Map<string, string>();
  #isClosed = false;

  private constructor(options: QueueExecutorOptions, board: JobBoard) {
    this.#options = options;
    this.#board = board;
  }

  static async open(options: QueueExecutorOptions): Promise<QueueExecutor> {
    const names = await readdir(options.folder).catch(() => []);
    for (const name of names.filter((one) => one.startsWith(INCOMING))) {
      await rm(join(options.folder, name), { recursive: true, force: true });
    }
    return new QueueExecutor(options, await JobBoard.open(options.server));
  }

  workerCount(): Promise<number> {
    return this.#board.workerCount();
  }

  async run(task: Task): Promise<KeptRun | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(task);
      } catch (error) {
        const isLost = error instanceof Error && 'code' in error && error.code === 'lost-blob';
        if (!isLost || attempt === MOST_ATTEMPTS || this.#isClosed) throw error;
        this.#stored.clear(); // what the server lost is put there again
      }
    }
  }

  async #attempt(task: Task): Promise<KeptRun | undefined> {
    const { digest, onTask } = this.#options;
    const key = taskKey(task);
    const id = `${digest.slice(0, 16)}.${key}`;
    const answer = await this.#board.ask({
      id,
      job: await this.#job(task),
      priority: 1 + STAGES.indexOf(task.stage),
      onProgress: (what, share) => onTask?.(key, what, share),
    });
    try {
      return await this.#take(task, answer);
    } finally {
      await this.#board.forget(id);
    }
  }

  async #job(task: Task): Promise<TaskJob> {
    const { stage, settings, command } = task;
    const { needs } = partsFor(task);
    const inputs: BlobRef[] = [];
    for (const part of needs) {
      const stored = this.#stored.get(part) ?? this.#put(part);
      this.#stored.set(part, stored);
      const ref = await stored;
      if (ref) inputs.push(ref);
      else this.#stored.delete(part);
    }
    return {
      kind: 'task',
      program: programVersion(),
      store: this.#options.store.kind,
      ...{ stage, settings, inputs },
      command: [...command],
    };
  }

  async #put(part: string): Promise<BlobRef | undefined> {
    const bytes = await pack(this.#options.folder, part);
    return bytes && this.#options.store.put(bytes);
  }

  async #take(task: Task, answer: Answer): Promise<KeptRun | undefined> {
    if (answer.say === 'failed') {
      const { failure, worker } = answer;
      throw errorOf({ ...failure, message: `worker ${worker}: ${failure.message}` });
    }
    const { made } = answer;
    if (made === null) {
      if (task.stage === 'trial') throw badAnswer('it is empty');
      return undefined;
    }
    const { folder, store } = this.#options;
    const { own } = partsFor(task);
    const incoming = join(folder, `${INCOMING}${randomBytes(6).toString('hex')}`);
    try {
      await unpack(incoming, await store.get(made), [own]);
      const run = await this.#checked(task, join(incoming, own));
      const target = join(folder, own);
      if (!existsSync(join(incoming, own))) throw badAnswer('it is empty');
      await mkdir(dirname(target), { recursive: true });
      await rm(target, { recursive: true, force: true });
      await rename(join(incoming, own), target);
      if (task.stage === 'trial') await store.remove(made).catch(() => {});
      else this.#stored.set(own, Promise.resolve(made));
      return run;
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  /** A trial's run, if its files say what it says, and it is of what was asked for. */
  async #checked({ stage, settings }: Task, folder: string): Promise<KeptRun | undefined> {
    if (stage !== 'trial') return undefined;
    const run = await readRun(folder);
    const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
    if (run.kind !== 'trial' || run.id !== trialId(settings)) throw badAnswer('of another trial');
    if (!isSame(sorted(run.configuration), sorted(configurationOf(settings)))) {
      throw badAnswer('its settings are others');
    }
    if (!(await isWhole(folder, run))) throw badAnswer('a file of it is damaged');
    if (run.outcome === 'diverged') return run;
    const card = await readModelCard(join(folder, 'student'));
    const record = await readRecord(join(folder, 'evaluation.json'));
    const metrics = metricsOf({ card, record }, settings);
    const isOwn = card.digest === run.digests.student && record.models[0].digest === card.digest;
    if (!isOwn || !isSame(sorted(run.metrics), sorted(metrics))) {
      throw badAnswer('its numbers are not those of its record');
    }
    const { training = '', test = '' } = run.digests;
    const asked = JSON.stringify([settings.data, settings.trainSize]);
    const digests = `${training} ${test}`;
    if ((this.#data.get(asked) ?? digests) !== digests) {
      throw badAnswer(`${settings.data} is not the same on all machines`);
    }
    this.#data.set(asked, digests);
    return run;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#board.close();
    const { store } = this.#options;
    for (const stored of this.#stored.values()) {
      const ref = await stored.catch(() => undefined);
      if (ref) await store.remove(ref).catch(() => {});
    }
  }
}

const sorted = (of: Readonly<Record<string, unknown>>) =>
  Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1));
