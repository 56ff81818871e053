/** Who does tasks: processes of this machine, or of many. */
import type { KeptRun } from './kept-run.ts';
import type { Task } from './trial.ts';

export interface Executor {
  /**
   * Does a task, sooner or later; those of a later stage go first. Of a trial, gives its run, which
   * then lies in the folder of the sweep.
   */
  run(task: Task): Promise<KeptRun | undefined>;
  /** Ends all work. */
  close(): void | Promise<void>;
}

/** What is being done now: the key of the task, the part of it, and the share that is done. */
export type OnTask = (key: string, what: string, share: number) => void;
