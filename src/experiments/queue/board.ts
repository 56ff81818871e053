/**
 * The side of a queue that asks: jobs by their ids, each answered once. What the server has is looked
 * at again and again, so that neither a lost message nor a server that lost its jobs is waited for.
 */
import type { Job, Queue, QueueEvents } from 'bullmq';
import { RunError } from '../../errors.ts';
import { SECONDS_KEPT } from './blobs.ts';
import { PREFIX, type QueueServer, queueError, queueName } from './server.ts';
import { type Answer, answerSchema, progressSchema, type QueueJob } from './travel.ts';

export interface Asked {
  /** The same for the same job, whoever asks for it. */
  readonly id: string;
  readonly job: QueueJob;
  /** Smaller ones go first; from 1. */
  readonly priority: number;
  onProgress?(what: string, share: number): void;
}

interface Outstanding extends Asked {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** How often all jobs are looked at, at the least, and the share of time that this may take. */
const MILLISECONDS_BETWEEN_LOOKS = 5000;
const LEAST_PAUSE_SHARE = 20;
const AT_ONCE = 100;
/** How often BullMQ begins a job whose worker failed, as by losing its disk. */
const ATTEMPTS = 5;
const MOST_ANSWER_BYTES = 2 ** 17;

export class JobBoard {
  readonly #server: QueueServer;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #outstanding = new Map<string, Outstanding>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(server: QueueServer) {
    this.#server = server;
    this.#queue = server.queue();
    this.#events = server.events();
  }

  static async open(server: QueueServer): Promise<JobBoard> {
    const board = new JobBoard(server);
    const look = ({ jobId }: { jobId: string }) => board.#lookSafely(jobId);
    board.#events.on('completed', look);
    board.#events.on('failed', look);
    board.#events.on('progress', ({ jobId, data }) => {
      const progress = progressSchema.safeParse(data);
      if (!progress.success) return;
      const { what, share } = progress.data;
      board.#outstanding.get(jobId)?.onProgress?.(what, share);
    });
    await board.#events.waitUntilReady();
    await board.#queue.waitUntilReady();
    board.#schedule(MILLISECONDS_BETWEEN_LOOKS);
    return board;
  }

  /** How many workers there are now. */
  workerCount(): Promise<number> {
    return this.#queue.getWorkersCount();
  }

  /** Asks for a job and waits for its answer. @throws RunError `lost-job`, `queue-error`, `bad-answer` */
  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#outstanding.set(asked.id, { ...asked, resolve, reject });
      this.#add(asked).catch((error) => this.#end(asked.id, ({ reject }) => reject(error)));
    });
  }

  async #add({ id, job, priority }: Asked): Promise<void> {
    try {
      const there = await this.#job(id);
      if (there && (await there.getState()) === 'failed') await there.remove();
      await this.#queue.add(job.kind, job, {
        jobId: id,
        priority,
        attempts: ATTEMPTS,
        backoff: { type: 'fixed', delay: 1000 },
        removeOnComplete: { age: SECONDS_KEPT },
        removeOnFail: { age: SECONDS_KEPT },
      });
      if (there) await this.#look(id);
    } catch (error) {
      throw queueError(error);
    }
  }

  #job(id: string): Promise<Job | undefined> {
    return this.#queue.getJob(id) as Promise<Job | undefined>;
  }

  #end(id: string, how: (one: Outstanding) => void): void {
    const one = this.#outstanding.get(id);
    if (!this.#outstanding.delete(id) || one === undefined) return;
    how(one);
  }

  #lookSafely(id: string): void {
    this.#look(id).catch(() => {}); // it is looked at again
  }

  /** Looks at what became of a job, if it is waited for. */
  async #look(id: string): Promise<void> {
    const asked = this.#outstanding.get(id);
    if (asked === undefined || this.#isClosed) return;
    const key = `${PREFIX}:${queueName()}:${id}`;
    const size = await this.#server.client.hstrlen(key, 'returnvalue');
    if (size > MOST_ANSWER_BYTES) {
      this.#end(id, ({ reject }) => reject(badAnswer(`it has ${size} bytes`)));
      return;
    }
    const job = await this.#job(id);
    if (job === undefined) {
      await this.#add(asked); // the server lost it
      return;
    }
    const state = await job.getState();
    if (state === 'failed') {
      const reason = (job.failedReason ?? '').slice(0, 300);
      this.#end(id, ({ reject }) =>
        reject(
          new RunError(
            'lost-job',
            `a job of the queue was begun ${job.attemptsMade} times: ${reason}`,
            {
              hint: 'look at what the workers say; the same command goes on',
            },
          ),
        ),
      );
    } else if (state === 'completed') {
      const answer = answerSchema.safeParse((await this.#job(id))?.returnvalue);
      this.#end(id, ({ resolve, reject }) =>
        answer.success ? resolve(answer.data) : reject(badAnswer('it is none')),
      );
    }
  }

  async #lookAtAll(): Promise<void> {
    const ids = [...this.#outstanding.keys()];
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      await Promise.all(ids.slice(i, i + AT_ONCE).map((id) => this.#look(id)));
    }
  }

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(async () => {
      const started = performance.now();
      await this.#lookAtAll().catch(() => {}); // the server is away: the next time tells
      const pause = LEAST_PAUSE_SHARE * (performance.now() - started);
      if (!this.#isClosed) this.#schedule(Math.max(MILLISECONDS_BETWEEN_LOOKS, pause));
    }, milliseconds);
  }

  /** Removes a job whose answer is no longer needed. */
  async forget(id: string): Promise<void> {
    await (await this.#job(id))?.remove().catch(() => {}); // one that is being done is left alone
  }

  /** Takes back what nobody has begun; what is being done ends, and its answer is kept for a while. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const left = [...this.#outstanding.keys()].map((id) => this.forget(id).catch(() => {}));
    this.#outstanding.clear();
    const deadline = new Promise((resolve) => setTimeout(resolve, 2000).unref());
    await Promise.race([Promise.all(left), deadline]);
  }
}

const badAnswer = (problem: string) =>
  new RunError('bad-answer', `what came back over the queue is no answer: ${problem}`, {
    hint: 'look who else can write to the queue',
  });
