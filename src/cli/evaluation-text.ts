/** What an evaluation found, as one page of text. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import {
  accuracyTable,
  attackTable,
  classTable,
  confusionTable,
  gateTable,
  gradientTable,
  minimalTable,
  type Table,
  targetDistanceTable,
  targetTable,
  testTable,
} from '../report/index.ts';
import { evaluateCommand } from './command-text.ts';
import { robustnessPlot } from './plot.ts';
import { tableText, wrapped } from './table.ts';
import type { Terminal } from './terminal.ts';

/** A title, then a text; nothing where there is no text. */
export function section(title: string, body: string, terminal: Terminal): string[] {
  if (body === '') return [];
  return ['', ...wrapped(title, terminal.width).map((line) => terminal.color.bold(line)), body];
}

/** A table under its caption; nothing where it has no rows. */
export function tableSection(table: Table, terminal: Terminal): string[] {
  if (table.rows.length === 0) return [];
  const hasDoubts = table.rows.some((row) => row.some(({ doubtful }) => doubtful));
  return [
    ...section(table.caption, tableText(table, terminal), terminal),
    ...(hasDoubts ? ['? more than a tenth of the images have no gradient: no evidence'] : []),
  ];
}

/** Everything an evaluation found, as one page of tables. */
export function findings(record: EvaluationRecord, terminal: Terminal): string {
  const last = record.models[record.models.length - 1];
  const shown = (table: Table) => tableSection(table, terminal);
  return [
    ...shown(accuracyTable(record)),
    ...shown(classTable(record)),
    ...shown(confusionTable(last)),
    ...shown(attackTable(record)),
    ...section('Accuracy over eps', robustnessPlot(record, terminal).join('\n'), terminal),
    ...shown(testTable(record)),
    ...shown(gradientTable(record)),
    ...shown(minimalTable(record)),
    ...shown(targetTable(record)),
    ...shown(targetDistanceTable(record)),
    ...section('Doubts', flagLines(record, terminal), terminal),
    ...section('What may be said', verdictText(record, terminal), terminal),
    ...shown(gateTable(record)),
  ]
    .slice(1)
    .join('\n');
}

/** Every flag in two lines: what was found, what to do. */
function flagLines({ flags }: EvaluationRecord, terminal: Terminal): string {
  return flags
    .flatMap(({ code, model, severity, value, threshold, advice }) => {
      const color = severity === 'serious' ? terminal.color.red : terminal.color.yellow;
      return [
        `${color(severity.padEnd(7))}  ${model}: ${code}, ${Number(value.toPrecision(3))} above ${threshold}`,
        `         ${advice}`,
      ];
    })
    .join('\n');
}

/** What may be said of every model. */
function verdictText({ verdicts }: EvaluationRecord, terminal: Terminal): string {
  return verdicts
    .flatMap(({ model, settled, reason, request }) => [
      ...wrapped(`${model}: ${settled ? reason : `no verdict; ${reason}`}`, terminal.width),
      ...(request ? [`  to settle it: ${evaluateCommand(request)}`] : []),
    ])
    .join('\n');
}
