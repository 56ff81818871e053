/** Tasks of a sweep on this machine: one model a process, the threads shared out among them. */
import type { Executor, OnTask } from './executor.ts';
import type { KeptRun } from './kept-run.ts';
import { ProcessPool } from './process-pool.ts';
import { STAGES, type Task, taskKey } from './trial.ts';

/** Where a process works, and with how much of the machine. */
export interface WorkPlace {
  /** The sweep's folder. */
  readonly folder: string;
  /** Of each process. */
  readonly threads: number;
}

export interface LocalPoolOptions extends WorkPlace {
  /** How many processes work at once. */
  readonly workers: number;
  readonly onTask?: OnTask;
  /** Called when a process begins. */
  readonly onWorker?: (pid: number) => void;
}

export class LocalPool implements Executor {
  readonly #pool: ProcessPool<WorkPlace, Task, KeptRun | undefined>;

  constructor({ folder, threads, workers, onTask, onWorker }: LocalPoolOptions) {
    this.#pool = new ProcessPool({
      entry: 'worker-process',
      start: { folder, threads },
      workers,
      nameOf: ({ stage, settings: { training } }) =>
        `${stage} at T = ${training.temperature}, seed ${training.seed}`,
      orderOf: ({ stage }) => STAGES.indexOf(stage),
      onWorking: (task, what, share) => onTask?.(taskKey(task), what, share),
      ...(onWorker && { onWorker }),
    });
  }

  run(task: Task): Promise<KeptRun | undefined> {
    return this.#pool.run(task);
  }

  close(): void {
    this.#pool.close();
  }
}
