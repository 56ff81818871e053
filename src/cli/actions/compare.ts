/** `distill compare`: two kept runs side by side. */
import { compareRuns, type Difference, findRun } from '../../experiments/index.ts';
import { numberText, percent } from '../../numbers.ts';
import { type Cell, NO_VALUE, numberCell, type Table, textCell } from '../../report/index.ts';
import type { CompareFlags } from '../commands/compare.ts';
import { tableText } from '../table.ts';
import { Terminal } from '../terminal.ts';

const table = (
  id: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Table => ({
  id,
  caption: id,
  columns,
  rows,
});

const valueCell = (value: Difference['first']): Cell =>
  value === undefined ? NO_VALUE : textCell(String(value));

/** Such as `p = 0.0123`; a p-value is never 0. */
const pText = (p: number): string => (p < 0.0001 ? '< 0.0001' : numberText(p));

export async function action(
  firstId: string,
  secondId: string,
  flags: CompareFlags,
): Promise<void> {
  const terminal = new Terminal(flags);
  const [first, second] = [await findRun(flags.runs, firstId), await findRun(flags.runs, secondId)];
  const { configuration, metrics, worstCases, tests, untested, digests } = await compareRuns(
    first,
    second,
  );
  const sides = ['first', 'second'];
  terminal.print(`first:  ${first.run.id} (${first.run.kind})`);
  terminal.print(`second: ${second.run.id} (${second.run.kind})`);
  const show = (title: string, shown: Table) => {
    if (shown.rows.length > 0) terminal.print(`\n${title}\n${tableText(shown, terminal)}`);
  };
  if (configuration.length === 0) terminal.print('\nNo setting differs.');
  show(
    'Settings that differ',
    table(
      'settings',
      ['setting', ...sides],
      configuration.map((one) => [textCell(one.name), valueCell(one.first), valueCell(one.second)]),
    ),
  );
  const number = (value: number | undefined) =>
    value === undefined ? NO_VALUE : numberCell(value, numberText(value));
  show(
    'Metrics',
    table(
      'metrics',
      ['metric', ...sides],
      metrics.map((one) => [textCell(one.name), number(one.first), number(one.second)]),
    ),
  );
  show(
    'Under all attacks together',
    table(
      'worst cases',
      ['budget', ...sides],
      worstCases.map((one) => [
        textCell(one.budget),
        numberCell(one.first.rate, percent(one.first.rate, 1)),
        numberCell(one.second.rate, percent(one.second.rate, 1)),
      ]),
    ),
  );
  show(
    "Image by image (McNemar's exact test, p corrected by Holm)",
    table(
      'tests',
      ['metric', 'only first', 'only second', 'p'],
      tests.map(({ metric, onlyFirst, onlySecond, holm }) => [
        textCell(metric),
        numberCell(onlyFirst),
        numberCell(onlySecond),
        numberCell(holm, pText(holm)),
      ]),
    ),
  );
  if (untested !== null) terminal.note(`no paired tests: ${untested}`);
  terminal.record({
    schema: 'distill-comparison/1',
    first: first.run.id,
    second: second.run.id,
    configuration,
    digests,
    metrics,
    worstCases,
    tests,
    untested,
  });
}
