/** The process of one worker of a sweep: starts an engine, then does tasks. */
import { startEngine } from '../library/index.ts';
import type { KeptRun } from './kept-run.ts';
import type { WorkPlace } from './local-pool.ts';
import { serve } from './serve.ts';
import type { Task } from './trial.ts';
import { Workshop } from './work.ts';

let workshop: Promise<Workshop> | undefined;

serve<WorkPlace, Task, KeptRun | undefined>(async ({ folder, threads }, task, report) => {
  workshop ??= startEngine(task.settings.engine, threads).then(
    (engine) => new Workshop(folder, engine, report),
  );
  return (await workshop).do(task);
});
