/** A pool of processes on this machine: one model each, the threads shared out among them. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../errors.ts';
import type { Executor, OnTask } from './executor.ts';
import type { KeptRun } from './kept-run.ts';
import { errorOf, type FromWorker, type ToWorker } from './messages.ts';
import { type Task, taskKey } from './trial.ts';

const ENTRY = fileURLToPath(
  new URL(`./worker-process${extname(import.meta.url)}`, import.meta.url),
);

/** How often a task is begun: a worker may be killed, as by a machine that is short of memory. */
const MOST_ATTEMPTS = 3;

/** Later stages first, so that what is begun is ended and what it needed can be removed. */
const URGENCY: readonly Task['stage'][] = ['trial', 'soft-labels', 'teacher'];

interface Waiting {
  readonly task: Task;
  attempts: number;
  resolve(run: KeptRun | undefined): void;
  reject(error: unknown): void;
}

interface Worker {
  readonly process: ChildProcess;
  doing: Waiting | undefined;
}

export interface PoolOptions {
  /** The sweep's folder. */
  readonly folder: string;
  /** How many processes work at once. */
  readonly workers: number;
  /** Of each process. */
  readonly threads: number;
  readonly onTask?: OnTask;
  /** Called when a process begins. */
  readonly onWorker?: (pid: number) => void;
}

/** Starts a process for each worker when there is work for it, and another for one that dies. */
export class LocalPool implements Executor {
  readonly #options: PoolOptions;
  readonly #waiting: Waiting[] = [];
  readonly #workers = new Set<Worker>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  run(task: Task): Promise<KeptRun | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, attempts: 0, resolve, reject });
      this.#assign();
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const { process } of this.#workers) process.kill('SIGKILL');
  }

  #assign(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const worker =
        [...this.#workers].find(({ doing }) => doing === undefined) ??
        (this.#workers.size < this.#options.workers ? this.#start() : undefined);
      if (worker === undefined) return;
      const urgent = URGENCY.flatMap((stage) =>
        this.#waiting.filter(({ task }) => task.stage === stage),
      )[0];
      this.#waiting.splice(this.#waiting.indexOf(urgent), 1);
      urgent.attempts++;
      worker.doing = urgent;
      tell(worker.process, { say: 'do', task: urgent.task });
    }
  }

  #start(): Worker {
    const { folder, threads, onWorker } = this.#options;
    const child = fork(ENTRY, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const worker: Worker = { process: child, doing: undefined };
    this.#workers.add(worker);
    if (child.pid !== undefined) onWorker?.(child.pid);
    tell(child, { say: 'start', folder, threads });
    child.on('message', (message: FromWorker) => this.#hear(worker, message));
    child.on('error', (error) => this.#lose(worker, error.message));
    child.on('exit', (code, signal) =>
      this.#lose(worker, `a worker ended by ${signal ?? `code ${code}`}`),
    );
    return worker;
  }

  #hear(worker: Worker, message: FromWorker): void {
    const { doing } = worker;
    if (doing === undefined) return;
    if (message.say === 'working') {
      this.#options.onTask?.(taskKey(doing.task), message.what, message.share);
      return;
    }
    worker.doing = undefined;
    if (message.say === 'done') doing.resolve(message.run ?? undefined);
    else doing.reject(errorOf(message.failure));
    this.#assign();
  }

  /** A process is gone: what it did is begun again by another, from its checkpoint. */
  #lose(worker: Worker, reason: string): void {
    if (!this.#workers.delete(worker) || this.#isClosed) return;
    const { doing } = worker;
    if (doing && doing.attempts >= MOST_ATTEMPTS) {
      const { stage, settings } = doing.task;
      const what = `${stage} at T = ${settings.training.temperature}, seed ${settings.training.seed}`;
      doing.reject(
        new RunError('lost-worker', `${what} was begun ${doing.attempts} times: ${reason}`, {
          hint: 'free some memory, or use fewer workers',
        }),
      );
    } else if (doing) {
      this.#waiting.unshift(doing);
    }
    this.#assign();
  }
}

/** Says something to a process that may be gone: that it is, is noticed by its end. */
const tell = (child: ChildProcess, message: ToWorker): void => {
  child.send(message, () => {});
};
