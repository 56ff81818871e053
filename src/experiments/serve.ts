/** The other side of a pool: a process that does jobs, one after the other. */
import { type FromWorker, failureOf, type ToWorker } from './messages.ts';

const MILLISECONDS_BETWEEN_REPORTS = 200;

/** How far a job is: what is being done, and the share of it that is done, from 0 to 1. */
export type OnWork = (what: string, share: number) => void;

/** Whoever started this process is gone: what is half done is begun again by another one. */
const leave = (): never => process.exit();

function say<Answer>(message: FromWorker<Answer>): void {
  process.send?.(message, undefined, undefined, (error) => {
    if (error) leave();
  });
}

let lastReport = 0;

function report(what: string, share: number): void {
  const now = performance.now();
  if (now - lastReport < MILLISECONDS_BETWEEN_REPORTS) return;
  lastReport = now;
  say({ say: 'working', what, share });
}

/** @param work does a job, given what the process was told first */
export function serve<Start, Job, Answer>(
  work: (start: Start, job: Job, report: OnWork) => Promise<Answer>,
): void {
  let start: Start | undefined;
  process.on('disconnect', leave);
  process.on('message', async (message: ToWorker<Start, Job>) => {
    if (message.say === 'start') {
      start = message.start;
      return;
    }
    if (start === undefined) return;
    try {
      say({ say: 'done', answer: await work(start, message.job, report) });
    } catch (error) {
      say({ say: 'failed', failure: failureOf(error) });
    }
  });
}
