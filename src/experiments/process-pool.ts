/** Processes of this machine that do jobs of one kind; one that dies is replaced, and its job begun again. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../errors.ts';
import { errorOf, type FromWorker, type ToWorker } from './messages.ts';

/** How often a job is begun: a worker may be killed, as by a machine that is short of memory. */
const MOST_ATTEMPTS = 3;

interface Waiting<Job, Answer> {
  readonly job: Job;
  attempts: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

interface Worker<Job, Answer> {
  readonly process: ChildProcess;
  doing: Waiting<Job, Answer> | undefined;
}

export interface ProcessPoolOptions<Start, Job> {
  /** The file beside this one that a process runs, without its extension. */
  readonly entry: string;
  /** What a process is told first. */
  readonly start: Start;
  /** How many processes work at once. */
  readonly workers: number;
  /** A job in words, for messages. */
  nameOf(job: Job): string;
  /** Jobs with a smaller number go first; absent: in the order in which they came. */
  orderOf?(job: Job): number;
  onWorking?(job: Job, what: string, share: number): void;
  /** Called when a process begins. */
  onWorker?(pid: number): void;
}

/** Starts a process when there is work for it, as many as there may be. */
export class ProcessPool<Start, Job, Answer> {
  readonly #options: ProcessPoolOptions<Start, Job>;
  readonly #waiting: Waiting<Job, Answer>[] = [];
  readonly #workers = new Set<Worker<Job, Answer>>();
  #isClosed = false;

  constructor(options: ProcessPoolOptions<Start, Job>) {
    this.#options = options;
  }

  /** Does a job, sooner or later. @throws what its process throws; RunError `lost-worker` */
  run(job: Job): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, attempts: 0, resolve, reject });
      this.#assign();
    });
  }

  /** Ends all processes. */
  close(): void {
    this.#isClosed = true;
    for (const { process } of this.#workers) process.kill('SIGKILL');
  }

  #next(): Waiting<Job, Answer> {
    const { orderOf = () => 0 } = this.#options;
    const first = this.#waiting.reduce((best, one) =>
      orderOf(one.job) < orderOf(best.job) ? one : best,
    );
    this.#waiting.splice(this.#waiting.indexOf(first), 1);
    return first;
  }

  #assign(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const worker =
        [...this.#workers].find(({ doing }) => doing === undefined) ??
        (this.#workers.size < this.#options.workers ? this.#start() : undefined);
      if (worker === undefined) return;
      worker.doing = this.#next();
      worker.doing.attempts++;
      tell(worker.process, { say: 'do', job: worker.doing.job });
    }
  }

  #start(): Worker<Job, Answer> {
    const { entry, start, onWorker } = this.#options;
    const file = new URL(`./${entry}${extname(import.meta.url)}`, import.meta.url);
    const child = fork(fileURLToPath(file), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    const worker: Worker<Job, Answer> = { process: child, doing: undefined };
    this.#workers.add(worker);
    if (child.pid !== undefined) onWorker?.(child.pid);
    tell(child, { say: 'start', start });
    child.on('message', (message: FromWorker<Answer>) => this.#hear(worker, message));
    child.on('error', (error) => this.#lose(worker, error.message));
    child.on('exit', (code, signal) =>
      this.#lose(worker, `a worker ended by ${signal ?? `code ${code}`}`),
    );
    return worker;
  }

  #hear(worker: Worker<Job, Answer>, message: FromWorker<Answer>): void {
    const { doing } = worker;
    if (doing === undefined) return;
    if (message.say === 'working') {
      this.#options.onWorking?.(doing.job, message.what, message.share);
      return;
    }
    worker.doing = undefined;
    if (message.say === 'done') doing.resolve(message.answer);
    else doing.reject(errorOf(message.failure));
    this.#assign();
  }

  /** A process is gone: what it did is begun again by another. */
  #lose(worker: Worker<Job, Answer>, reason: string): void {
    if (!this.#workers.delete(worker) || this.#isClosed) return;
    const { doing } = worker;
    if (doing && doing.attempts >= MOST_ATTEMPTS) {
      const what = `${this.#options.nameOf(doing.job)} was begun ${doing.attempts} times`;
      doing.reject(
        new RunError('lost-worker', `${what}: ${reason}`, {
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
const tell = (child: ChildProcess, message: ToWorker<unknown, unknown>): void => {
  child.send(message, () => {});
};
