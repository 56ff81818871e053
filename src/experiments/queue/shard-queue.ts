/** Shards of an evaluation attacked by workers on other machines, over a queue. */

import { digestOf } from '../../storage/index.ts';
import { programVersion } from '../../version.ts';
import { errorOf } from '../messages.ts';
import type { Shard, ShardAnswer, ShardRunner, ShardStart } from '../shards.ts';
import { packFolder } from './archive.ts';
import type { BlobRef, BlobStore } from './blobs.ts';
import { JobBoard } from './board.ts';
import type { QueueServer } from './server.ts';
import { decodeShardAnswer } from './shard-bytes.ts';
import { type ShardJob, shardSent } from './travel.ts';

export interface QueueShardsOptions {
  readonly server: QueueServer;
  readonly store: BlobStore;
  readonly start: Omit<ShardStart, 'threads'> & Required<Pick<ShardStart, 'dataDigest'>>;
  /** Numbers of an image. */
  readonly features: number;
}

/** Workers that shares are made for: not how many there are, which changes. */
export const EXPECTED_WORKERS = 8;
const MOST_ATTEMPTS = 5;
/** After the tasks of sweeps, whose ends others wait for. */
const PRIORITY = 4;

/** The folder in which a model lies in its archive. */
export const MODEL_PART = 'model';

export class QueueShards implements ShardRunner {
  readonly #options: QueueShardsOptions;
  readonly #board: JobBoard;
  #models: Promise<ReadonlyMap<string, BlobRef>> | undefined;

  private constructor(options: QueueShardsOptions, board: JobBoard) {
    this.#options = options;
    this.#board = board;
  }

  static async open(options: QueueShardsOptions): Promise<QueueShards> {
    return new QueueShards(options, await JobBoard.open(options.server));
  }

  workerCount(): Promise<number> {
    return this.#board.workerCount();
  }

  async run(shard: Shard): Promise<ShardAnswer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(shard);
      } catch (error) {
        const isLost = error instanceof Error && 'code' in error && error.code === 'lost-blob';
        if (!isLost || attempt === MOST_ATTEMPTS) throw error;
        this.#models = undefined;
      }
    }
  }

  async #attempt(shard: Shard): Promise<ShardAnswer> {
    const { store, start, features } = this.#options;
    this.#models ??= this.#putModels();
    const models = Object.fromEntries(await this.#models);
    const { engine, data, dataDigest, draws, bpda } = start;
    const job: ShardJob = {
      kind: 'shard',
      program: programVersion(),
      store: store.kind,
      start: { engine, data, dataDigest, models, draws, bpda: [...bpda] },
      shard: shardSent(shard),
    };
    const id = `shard-${digestOf({ start: job.start, shard: job.shard }).slice(0, 32)}`;
    const answer = await this.#board.ask({ id, job, priority: PRIORITY });
    try {
      if (answer.say === 'failed') {
        const { failure, worker } = answer;
        throw errorOf({ ...failure, message: `worker ${worker}: ${failure.message}` });
      }
      const bytes = answer.made ? await store.get(answer.made) : new Uint8Array();
      const decoded = decodeShardAnswer(bytes, shard, features);
      if (answer.made) await store.remove(answer.made).catch(() => {});
      return decoded;
    } finally {
      await this.#board.forget(id);
    }
  }

  async #putModels(): Promise<ReadonlyMap<string, BlobRef>> {
    const { start, store } = this.#options;
    const models = new Map<string, BlobRef>();
    for (const [name, folder] of Object.entries(start.models)) {
      const bytes = await packFolder(folder, MODEL_PART);
      if (bytes) models.set(name, await store.put(bytes));
    }
    return models;
  }

  async close(): Promise<void> {
    await this.#board.close();
    const models = await this.#models?.catch(() => undefined);
    for (const ref of models?.values() ?? []) {
      await this.#options.store.remove(ref).catch(() => {});
    }
  }
}
