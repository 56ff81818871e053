/** `distill list`: the runs that were kept, as a table. */
import { parseCondition, type StoredRun, sortRuns, storedRuns } from '../../experiments/index.ts';
import { counted, numberText, percent } from '../../numbers.ts';
import { type Cell, NO_VALUE, numberCell, type Table, textCell } from '../../report/index.ts';
import type { ListFlags } from '../commands/list.ts';
import { tableText } from '../table.ts';
import { duration, Terminal } from '../terminal.ts';

const rateOf = (value: number | undefined): Cell =>
  value === undefined ? NO_VALUE : numberCell(value, percent(value, 1));

function rowOf({ run }: StoredRun): Cell[] {
  const { id, kind, startedAt, seconds, configuration, metrics, outcome } = run;
  const { temperature, seed } = configuration;
  const number = (value: unknown) =>
    typeof value === 'number' ? numberCell(value, numberText(value)) : NO_VALUE;
  return [
    textCell(id),
    textCell(outcome === 'done' ? kind : `${kind} (${outcome})`),
    textCell(startedAt.slice(0, 16).replace('T', ' ')),
    numberCell(seconds, duration(seconds)),
    number(temperature),
    number(seed),
    rateOf(metrics.accuracy ?? metrics.validation_accuracy),
    rateOf(metrics.robust_accuracy),
  ];
}

const tableOf = (runs: readonly StoredRun[]): Table => ({
  id: 'runs',
  caption: 'Runs',
  columns: ['id', 'kind', 'began (UTC)', 'took', 'T', 'seed', 'accuracy', 'robust'],
  rows: runs.map(rowOf),
});

export async function action(flags: ListFlags): Promise<void> {
  const conditions = flags.where.map(parseCondition);
  const terminal = new Terminal(flags);
  const all = await storedRuns(flags.runs);
  const wanted = all.filter(({ run }) => conditions.every((meets) => meets(run)));
  const sorted = sortRuns(wanted, flags.sort, flags.descending === true);
  const runs = flags.last === undefined ? sorted : sorted.slice(-flags.last);
  terminal.print(tableText(tableOf(runs), terminal));
  const others = all.length - runs.length;
  terminal.note(
    `${counted(runs.length, 'run')} below ${flags.runs}${others > 0 ? `, ${others} more not listed` : ''}`,
  );
  terminal.record({
    schema: 'distill-runs/1',
    runs: runs.map(({ folder, run }) => ({ folder, ...run })),
  });
}
