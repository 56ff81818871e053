/** `distill sweep`: the recipe with every combination of some options, on one page. */
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type Executor,
  openSweep,
  type Point,
  pointCount,
  runSweep,
  type SweepPoint,
  sweepResults,
} from '../../experiments/index.ts';
import { QueueExecutor } from '../../experiments/queue.ts';
import { writeFiles } from '../../library/index.ts';
import { counted } from '../../numbers.ts';
import { buildSweepReport, pointsTable, sweepSentences } from '../../report/index.ts';
import { digestOf } from '../../storage/index.ts';
import { programVersion } from '../../version.ts';
import { commandLine } from '../command-text.ts';
import type { SweepFlags } from '../commands/sweep.ts';
import { openQueue, workersText } from '../queue-session.ts';
import { planSweep, type SweepPlan } from '../sweep-plan.ts';
import { localWorkers, type SweepJob, workOnSweep } from '../sweep-work.ts';
import { tableText } from '../table.ts';
import { Terminal } from '../terminal.ts';

/** What is asked for, whoever works on it: names the folder, and tells sweeps apart. */
function digestOfSweep(
  { definition, fixed }: SweepPlan,
  { data, eps, samples, engine }: SweepFlags,
) {
  return digestOf({ program: programVersion(), definition, fixed, data, eps, samples, engine });
}

/** Characters of the digest in a folder's name. */
const ID_LENGTH = 10;

const pointWords = (point: Point): string =>
  Object.entries(point)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** Who does the trials: processes of this machine, or the workers of a queue. */
async function executorFor(
  flags: SweepFlags,
  terminal: Terminal,
  digest: string,
  job: SweepJob,
): Promise<Executor> {
  const { queue } = flags;
  if (!queue) return localWorkers(flags, terminal, job);
  const { folder, onTask } = job;
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
  const open = (job: SweepJob) => executorFor(flags, terminal, digest, job);
  const results = await workOnSweep(
    { label: 'sweep', folder, total, terminal, open },
    async (tools) => {
      const points = await runSweep({
        folder,
        definition,
        executor: tools.executor,
        trialAt,
        onTrial: ({ seed, run }, point) => tools.onTrial(run, `${pointWords(point)}, seed ${seed}`),
      });
      warnOfEngines(terminal, points);
      const { data, eps, samples } = points[0].trials[0].run.configuration;
      return sweepResults(definition, points, {
        command: commandLine(args),
        commandText: commandLine,
        parameters: Object.keys(definition.parameters),
        data: String(data),
        eps: Number(eps),
        samples: Number(samples),
      });
    },
  );
  const { files } = await buildSweepReport(results);
  await writeFiles(join(folder, 'report'), files);
  terminal.print(sweepSentences(results).join('\n'));
  terminal.print('');
  terminal.print(tableText(pointsTable(results), terminal));
  terminal.note(`page: ${join(folder, 'report', 'index.html')}`);
  terminal.record(results);
}
