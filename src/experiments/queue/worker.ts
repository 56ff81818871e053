/**
 * The side of a queue that works. This process keeps the connection, says that it lives and moves
 * files; the work is done by processes of their own, so that a long batch stops no heartbeat.
 */
import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Worker } from 'bullmq';
import { UserError } from '../../errors.ts';
import { digestOf, isRunning } from '../../storage/index.ts';
import { LocalPool } from '../local-pool.ts';
import { failureOf } from '../messages.ts';
import { type ShardRunner, shardProcesses } from '../shards.ts';
import { taskKey } from '../trial.ts';
import { partsFor } from '../work.ts';
import { MOST_ARCHIVE_BYTES, pack, unpack } from './archive.ts';
import { type BlobRef, type BlobStore, blobRefSchema, SECONDS_KEPT } from './blobs.ts';
import { PREFIX, type QueueServer } from './server.ts';
import { encodeShardAnswer } from './shard-bytes.ts';
import { MODEL_PART } from './shard-queue.ts';
import {
  type Answer,
  jobSchema,
  type ShardJob,
  shardOf,
  shortened,
  type TaskJob,
  taskOf,
} from './travel.ts';

export interface QueueWorkerOptions {
  readonly server: QueueServer;
  /** Where what is asked for by way of the queue lies, and by way of a shared folder, if there is one. */
  readonly stores: readonly BlobStore[];
  /** How many jobs are done at once, each in a process of its own. */
  readonly workers: number;
  /** Of each process. */
  readonly threads: number;
  /** Called when a job begins, and when it has ended. */
  onJob?(what: string, hasEnded: boolean): void;
}

/** A job whose worker says nothing for so long is given to another one. */
const MILLISECONDS_OF_SILENCE = 15_000;
const MILLISECONDS_BETWEEN_LOOKS_FOR_STALLED = 5000;
/** A job that stalls more often ends its workers: it is not begun again. */
const MOST_STALLS = 50;
const MILLISECONDS_BETWEEN_CHECKPOINTS = 5000;
const MILLISECONDS_BETWEEN_REPORTS = 1000;
/** Parts that are kept for later jobs; with more, all go. */
const MOST_KEPT_PARTS = 32;
const FOLDER = 'distill-worker-';

/** A folder that no other process has; those of processes that were killed are removed. */
async function ownFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${FOLDER}(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && pid !== process.pid && !isRunning(pid)) {
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
    }
  }
  return mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-`));
}

export class QueueWorker {
  readonly #options: QueueWorkerOptions;
  readonly #folder: string;
  readonly #pool: LocalPool;
  readonly #worker: Worker;
  /** Parts that are here, or on their way. */
  readonly #parts = new Map<string, Promise<void>>();
  /** What is being done, by job: one that is delivered twice is done once. */
  readonly #doing = new Map<string, Promise<Answer>>();
  readonly #reports = new Map<string, (what: string, share: number) => void>();
  readonly #stopping = new AbortController();
  #shards: { readonly key: string; readonly runner: ShardRunner } | undefined;

  private constructor(options: QueueWorkerOptions, folder: string) {
    const { server, workers, threads } = options;
    this.#options = options;
    this.#folder = folder;
    setMaxListeners(0, this.#stopping.signal); // one for each job
    this.#pool = new LocalPool({
      folder: join(folder, 'sweep'),
      workers,
      threads,
      onTask: (key, what, share) => this.#reports.get(key)?.(what, share),
    });
    this.#worker = server.worker((job, token) => this.#process(job, token), {
      concurrency: workers,
      lockDuration: MILLISECONDS_OF_SILENCE,
      stalledInterval: MILLISECONDS_BETWEEN_LOOKS_FOR_STALLED,
      maxStalledCount: MOST_STALLS,
    });
  }

  static async start(options: QueueWorkerOptions): Promise<QueueWorker> {
    return new QueueWorker(options, await ownFolder());
  }

  /** Gives back what is being done, with its checkpoint, and ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.race([
      this.#worker.close(),
      new Promise((resolve) => setTimeout(resolve, 10_000).unref()),
    ]);
    this.#pool.close();
    await this.#shards?.runner.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #process(job: Job, token: string | undefined): Promise<Answer> {
    const id = job.id ?? '';
    const doing = this.#doing.get(id) ?? this.#answer(job);
    this.#doing.set(id, doing);
    try {
      return await doing;
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
      await job.moveToWait(token);
      throw this.#options.server.givenBack();
    } finally {
      this.#doing.delete(id);
    }
  }

  /** What is done, unless the worker is stopped before. */
  #unlessStopped<T>(done: Promise<T>): Promise<T> {
    const { signal } = this.#stopping;
    return new Promise((resolve, reject) => {
      const stop = () => reject(new Error('the worker ends'));
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop);
      done.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  /** Does a job; what it fails with is an answer too, unless the queue or a store failed. */
  async #answer(job: Job): Promise<Answer> {
    try {
      if (this.#doing.size === 0 && this.#parts.size > MOST_KEPT_PARTS) await this.#forgetParts();
      const parsed = jobSchema.safeParse(job.data);
      if (!parsed.success) {
        throw new UserError('bad-job', 'a job of the queue is none that this version knows', {
          hint: 'run the same version of the program on all machines',
        });
      }
      const { data } = parsed;
      const store = this.#options.stores.find(({ kind }) => kind === data.store);
      if (!store) {
        throw new UserError(
          'no-store',
          'the jobs are in a shared folder that this worker does not have',
          {
            hint: 'give the worker the same store',
          },
        );
      }
      const made =
        data.kind === 'task' ? await this.#task(job, data, store) : await this.#shard(data, store);
      return { say: 'done', made: made ?? null };
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error;
      const worker = `${hostname()} (process ${process.pid})`;
      return { say: 'failed', worker, failure: shortened(failureOf(error)) };
    }
  }

  async #forgetParts(): Promise<void> {
    this.#parts.clear();
    for (const name of ['sweep', 'models']) {
      await rm(join(this.#folder, name), { recursive: true, force: true });
    }
    await this.#shards?.runner.close();
    this.#shards = undefined;
  }

  /** Fetches a part once, however many jobs need it. */
  #fetch(ref: BlobRef, store: BlobStore, root: string, parts: readonly string[]): Promise<void> {
    const key = `${root}:${ref.digest}`;
    const fetched =
      this.#parts.get(key) ?? store.get(ref).then((bytes) => unpack(root, bytes, parts));
    this.#parts.set(key, fetched);
    fetched.catch(() => this.#parts.delete(key));
    return fetched;
  }

  async #task(job: Job, data: TaskJob, store: BlobStore): Promise<BlobRef | undefined> {
    const task = taskOf(data);
    const key = taskKey(task);
    const { own, needs } = partsFor(task);
    const root = join(this.#folder, 'sweep');
    await mkdir(root, { recursive: true });
    for (const ref of data.inputs) await this.#fetch(ref, store, root, needs);
    const checkpoint = new Checkpoint(this.#options.server, store, `${job.id}`);
    await checkpoint.restore(root, own);
    const what = `${task.stage} ${key.slice(-12)}`;
    this.#options.onJob?.(what, false);
    this.#reports.set(key, reporter(job));
    const save = () => checkpoint.save(root, own).catch(() => {}); // the next time tells
    const timer = setInterval(save, MILLISECONDS_BETWEEN_CHECKPOINTS);
    try {
      await this.#unlessStopped(this.#pool.run(task));
      const bytes = await pack(root, own);
      const made = bytes && (await store.put(bytes));
      await checkpoint.remove(made);
      if (task.stage === 'trial') await rm(join(root, own), { recursive: true, force: true });
      return made;
    } catch (error) {
      if (this.#stopping.signal.aborted) await save();
      throw error;
    } finally {
      clearInterval(timer);
      this.#reports.delete(key);
      this.#options.onJob?.(what, true);
    }
  }

  /** The folder of a model, which gives the model its name. */
  async #fetchModel(name: string, ref: BlobRef, store: BlobStore): Promise<string> {
    const root = join(this.#folder, 'models', digestOf({ name, ref }));
    const folder = join(root, name);
    const fetched =
      this.#parts.get(folder) ??
      this.#fetch(ref, store, root, [MODEL_PART]).then(() =>
        rename(join(root, MODEL_PART), folder),
      );
    this.#parts.set(folder, fetched);
    fetched.catch(() => this.#parts.delete(folder));
    await fetched;
    return folder;
  }

  async #shard(data: ShardJob, store: BlobStore): Promise<BlobRef> {
    const shard = shardOf(data);
    const { models, ...start } = data.start;
    const folders: Record<string, string> = {};
    for (const [name, ref] of Object.entries(models)) {
      folders[name] = await this.#fetchModel(name, ref, store);
    }
    const what = `${shard.attack} on ${shard.positions.length} images`;
    this.#options.onJob?.(what, false);
    try {
      const runner = await this.#shardRunner(digestOf(data.start), { ...start, models: folders });
      const answer = await this.#unlessStopped(runner.run(shard));
      return await store.put(encodeShardAnswer(answer));
    } finally {
      this.#options.onJob?.(what, true);
    }
  }

  /** The processes of one evaluation; those of the one before end. */
  async #shardRunner(
    key: string,
    start: Omit<Parameters<typeof shardProcesses>[0], 'threads'>,
  ): Promise<ShardRunner> {
    if (this.#shards?.key !== key) {
      const before = this.#shards;
      const { workers, threads } = this.#options;
      this.#shards = { key, runner: shardProcesses({ ...start, threads }, workers) };
      await before?.runner.close();
    }
    return this.#shards.runner;
  }
}

/** Says how far a job is, but not all the time. */
function reporter(job: Job): (what: string, share: number) => void {
  let last = 0;
  return (what, share) => {
    const now = performance.now();
    if (now - last < MILLISECONDS_BETWEEN_REPORTS) return;
    last = now;
    job.updateProgress({ what, share }).catch(() => {}); // the server is away: the next one tells
  };
}

/** What is there of a job that is not done, where another worker finds it. */
class Checkpoint {
  readonly #server: QueueServer;
  readonly #store: BlobStore;
  readonly #key: string;
  #saved: BlobRef | undefined;

  constructor(server: QueueServer, store: BlobStore, id: string) {
    this.#server = server;
    this.#store = store;
    this.#key = `${PREFIX}:checkpoint:${id}`;
  }

  async #ref(): Promise<BlobRef | undefined> {
    const text = await this.#server.client.getrange(this.#key, 0, 1000);
    try {
      return blobRefSchema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  /** Takes what another worker left; where it is gone or damaged, the job begins anew. */
  async restore(root: string, part: string): Promise<void> {
    const ref = await this.#ref();
    if (!ref) return;
    const bytes = await this.#store.get(ref).catch(() => undefined);
    if (bytes) await unpack(root, bytes, [part]).catch(() => {});
    this.#saved = ref;
  }

  async save(root: string, part: string): Promise<void> {
    const bytes = await pack(root, part);
    if (!bytes || bytes.length > MOST_ARCHIVE_BYTES) return;
    const ref = await this.#store.put(bytes);
    const before = this.#saved;
    if (ref.digest === before?.digest) return;
    this.#saved = ref;
    await this.#server.client.set(this.#key, JSON.stringify(ref), 'EX', SECONDS_KEPT);
    if (before) await this.#store.remove(before);
  }

  /** @param made what came of the job, which may be the same bytes */
  async remove(made: BlobRef | undefined): Promise<void> {
    await this.#server.client.del(this.#key);
    if (this.#saved && this.#saved.digest !== made?.digest) await this.#store.remove(this.#saved);
  }
}
