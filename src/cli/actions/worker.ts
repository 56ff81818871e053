/** `distill worker`: does what sweeps and evaluations put into a queue. */
import { hostname } from 'node:os';
import { allowedCores } from '../../engine/index.ts';
import { UserError } from '../../errors.ts';
import { QueueWorker } from '../../experiments/queue.ts';
import { counted } from '../../numbers.ts';
import type { WorkerFlags } from '../commands/worker.ts';
import { openQueue } from '../queue-session.ts';
import { Terminal } from '../terminal.ts';

/** Until Ctrl+C or SIGTERM; a second one ends the process as it usually does. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

export async function action(flags: WorkerFlags): Promise<void> {
  const { queue, workers } = flags;
  if (queue === undefined) {
    throw new UserError('bad-flag', 'a worker needs a queue', {
      hint: 'name its server, such as --queue redis://HOST',
    });
  }
  const terminal = new Terminal(flags);
  const threads = flags.threads ?? Math.max(1, Math.floor(allowedCores() / workers));
  const { server, stores } = await openQueue(queue, flags, terminal);
  const end = interrupted();
  let done = 0;
  const worker = await QueueWorker.start({
    ...{ server, stores, workers, threads },
    onJob(what, hasEnded) {
      if (hasEnded) done++;
      else terminal.note(`begins ${what}`);
    },
  });
  terminal.note(
    `worker on ${hostname()}: ${counted(workers, 'process', 'processes')} with ${counted(threads, 'thread')} each, for ${queue}; Ctrl+C ends it`,
  );
  await end;
  terminal.note('gives back what it had begun');
  await worker.stop();
  await server.close();
  terminal.print(`${counted(done, 'job')} ended`);
  terminal.record({ jobs: done });
}
