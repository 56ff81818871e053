/** `distill sweep`: the recipe with every combination of some options, on one page. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { allowedCores } from '../../engine/index.ts';
import {
  type Executor,
  LocalPool,
  type OnTask,
  openSweep,
  type Point,
  pointCount,
  runSweep,
  SweepLock,
  type SweepPoint,
  sweepResults,
} from '../../experiments/index.ts';
import { QueueExecutor } from '../../experiments/queue.ts';
import { writeFiles } from '../../library/index.ts';
import { counted, percent } from '../../numbers.ts';
import { buildSweepReport, pointsTable, sweepSentences } from '../../report/index.ts';
import { digestOf } from '../../storage/index.ts';
import { programVersion } from '../../version.ts';
import { commandLine } from '../command-text.ts';
import type { SweepFlags } from '../commands/sweep.ts';
import { openQueue, workersText } from '../queue-session.ts';
import { planSweep, type SweepPlan } from '../sweep-plan.ts';
import { tableText } from '../table.ts';
import { Terminal } from '../terminal.ts';

/** More processes than this at once take memory, and a person may want to use the machine. */
const USUAL_MOST_WORKERS = 8;

/** What is asked for, whoever works on it: names the folder, and tells sweeps apart. */
function digestOfSweep(
  { definition, fixed }: SweepPlan,
  { data, eps, samples, engine }: SweepFlags,
) {
  return digestOf({ program: programVersion(), definition, fixed, data, eps, samples, engine });
}

/** Characters of the digest in a folder's name. */
const ID_LENGTH = 10;

/** The progress of all trials together. */
function sweepProgress(terminal: Terminal, total: number) {
  const progress = terminal.progress('sweep');
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

const pointWords = (point: Point): string =>
  Object.entries(point)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** Who does the trials: processes of this machine, or the workers of a queue. */
async function executorFor(
  flags: SweepFlags,
  terminal: Terminal,
  sweep: {
    readonly folder: string;
    readonly digest: string;
    /** How many trials there are. */
    readonly total: number;
    readonly onTask: OnTask;
    onWorker(pid: number): void;
  },
): Promise<Executor> {
  const { queue } = flags;
  const { folder, digest, total, onTask, onWorker } = sweep;
  if (!queue) {
    const cores = allowedCores();
    const workers = Math.min(flags.workers ?? Math.min(cores, USUAL_MOST_WORKERS), total);
    const threads = flags.threads ?? Math.max(1, Math.floor(cores / workers));
    terminal.note(`${counted(workers, 'worker')} with ${counted(threads, 'thread')} each`);
    return new LocalPool({ folder, workers, threads, onTask, onWorker });
  }
  const { server, store } = await openQueue(queue, flags, terminal);
  const executor = await QueueExecutor.open({ server, store, folder, digest, onTask });
  terminal.note(workersText(await executor.workerCount(), queue));
  return {
    run: (task) => executor.run(task),
    close: () => executor.close().finally(() => server.close()),
  };
}

/** Engines round differently: numbers of several are not comparable to the last digit. */
function warnOfEngines(terminal: Terminal, points: readonly SweepPoint[]): void {
  const engines = points.flatMap(({ trials }) =>
    trials.map(({ run: { engine } }) => `${engine.name} (${engine.instructionSet})`),
  );
  const all = [...new Set(engines)];
  if (all.length > 1) {
    terminal.warn(
      `trials were done by ${all.join(' and ')}, which round differently: on one kind of machine the table is the same to the bit`,
    );
  }
}

export async function action(
  file: string | undefined,
  flags: SweepFlags,
  command: Command,
): Promise<void> {
  const terminal = new Terminal(flags);
  const plan = await planSweep(file, flags, command);
  const { definition, trialAt } = plan;
  const digest = digestOfSweep(plan, flags);
  const folder = flags.out ?? join(flags.runs, `sweep-${digest.slice(0, ID_LENGTH)}`);
  const args = process.argv.slice(2);
  const isResumed = await openSweep(folder, { program: programVersion(), digest, command: args });
  const total = pointCount(definition) * definition.seeds.length;
  terminal.note(
    `sweep: ${counted(pointCount(definition), 'point')} with ${counted(definition.seeds.length, 'seed')}; ${isResumed ? 'goes on in' : 'folder'} ${folder}`,
  );
  const lock = await SweepLock.take(folder);
  const progress = sweepProgress(terminal, total);
  const pool = await executorFor(flags, terminal, {
    ...{ folder, digest, total },
    onTask: (_, what, share) => progress.working(what, share),
    onWorker: (pid) => lock.addWorker(pid),
  }).catch(async (error) => {
    await lock.release();
    throw error;
  });
  const started = new Date().toISOString();
  try {
    const points = await runSweep({
      folder,
      definition,
      executor: pool,
      trialAt,
      onTrial({ seed, run }, point) {
        progress.finished(run.startedAt < started);
        if (run.outcome === 'diverged') {
          terminal.warn(`training diverged at ${pointWords(point)}, seed ${seed}`);
        }
      },
    });
    warnOfEngines(terminal, points);
    const { data, eps, samples } = points[0].trials[0].run.configuration;
    const results = sweepResults(definition, points, {
      command: commandLine(args),
      commandText: commandLine,
      parameters: Object.keys(definition.parameters),
      data: String(data),
      eps: Number(eps),
      samples: Number(samples),
    });
    const { files } = await buildSweepReport(results);
    await writeFiles(join(folder, 'report'), files);
    progress.stop();
    terminal.print(sweepSentences(results).join('\n'));
    terminal.print('');
    terminal.print(tableText(pointsTable(results), terminal));
    terminal.note(`page: ${join(folder, 'report', 'index.html')}`);
    terminal.record(results);
  } finally {
    progress.stop();
    await pool.close();
    await lock.release();
  }
}
