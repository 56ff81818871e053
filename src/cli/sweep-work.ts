/** What commands do around the trials of a sweep: the folder is locked, workers run, progress is shown. */
import { allowedCores } from '../engine/index.ts';
import {
  type Executor,
  type KeptRun,
  LocalPool,
  type OnTask,
  SweepLock,
} from '../experiments/index.ts';
import { counted, percent } from '../numbers.ts';
import type { Terminal } from './terminal.ts';

/** More processes than this at once take memory, and a person may want to use the machine. */
const USUAL_MOST_WORKERS = 8;

/** What whoever does the trials has to know. */
export interface SweepJob {
  readonly folder: string;
  /** How many trials there are. */
  readonly total: number;
  readonly onTask: OnTask;
  onWorker(pid: number): void;
}

/** Processes of this machine. */
export function localWorkers(
  flags: { readonly workers?: number; readonly threads?: number },
  terminal: Terminal,
  { folder, total, onTask, onWorker }: SweepJob,
): Executor {
  const cores = allowedCores();
  const workers = Math.min(flags.workers ?? Math.min(cores, USUAL_MOST_WORKERS), total);
  const threads = flags.threads ?? Math.max(1, Math.floor(cores / workers));
  terminal.note(`${counted(workers, 'worker')} with ${counted(threads, 'thread')} each`);
  return new LocalPool({ folder, workers, threads, onTask, onWorker });
}

/** The progress of all trials together. */
function trialsProgress(terminal: Terminal, label: string, total: number) {
  const progress = terminal.progress(label);
  const started = performance.now();
  let done = 0;
  let before = 0;
  let last = 'starting';
  const show = () => {
    const seconds = (performance.now() - started) / 1000;
    const fresh = done - before;
    const left = fresh > 0 ? (seconds / fresh) * (total - done) : null;
    progress.update(done, total, `${done} of ${counted(total, 'trial')}, ${last}`, left);
  };
  return {
    working(what: string, share: number): void {
      last = `${what} ${percent(share, 0)}`;
      show();
    },
    finished(isFromBefore: boolean): void {
      done++;
      if (isFromBefore) before++;
      show();
    },
    stop: () => progress.stop(),
  };
}

interface SweepWork extends Pick<SweepJob, 'folder' | 'total'> {
  /** Of the progress. */
  readonly label: string;
  readonly terminal: Terminal;
  open(job: SweepJob): Executor | Promise<Executor>;
}

interface SweepTools {
  readonly executor: Executor;
  /** To be called for each trial that is done, with what it is in words. */
  onTrial(run: KeptRun, words: string): void;
}

/**
 * Does the work of a sweep while its folder is locked.
 * @throws UserError `busy` when another process works in the folder; what `work` throws
 */
export async function workOnSweep<T>(
  { label, folder, total, terminal, open }: SweepWork,
  work: (tools: SweepTools) => Promise<T>,
): Promise<T> {
  const lock = await SweepLock.take(folder);
  const progress = trialsProgress(terminal, label, total);
  let executor: Executor | undefined;
  try {
    executor = await open({
      ...{ folder, total },
      onTask: (_, what, share) => progress.working(what, share),
      onWorker: (pid) => lock.addWorker(pid),
    });
    const started = new Date().toISOString();
    return await work({
      executor,
      onTrial(run, words) {
        progress.finished(run.startedAt < started);
        if (run.outcome === 'diverged') terminal.warn(`training diverged at ${words}`);
      },
    });
  } finally {
    progress.stop();
    await executor?.close();
    await lock.release();
  }
}
