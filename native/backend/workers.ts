import { Worker } from 'node:worker_threads';
import type { WorkerHost } from './wasm.ts';

/** Workers of Node.js, which end with the process and do not keep it from ending. */
export const nodeWorkers: WorkerHost = {
  mayWait: true,
  start(script, data) {
    const worker = new Worker(`${script}serve(require('node:worker_threads').workerData);`, {
      eval: true,
      execArgv: [], // those of the process may load a compiler, which a worker has no use for
      workerData: data,
    });
    worker.on('error', () => {}); // loops do without a worker that does not start
    worker.unref();
  },
};
