/** The report as a comment on a cotangent request. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import { numberText } from '../numbers.ts';
import type { Material } from './material.ts';
import { missingParts } from './missing.ts';
import { commandOf } from './page.ts';
import { verdict } from './summary.ts';
import {
  accuracyTable,
  attackTable,
  gateTable,
  isNumeric,
  minimalTable,
  type Table,
  targetDistanceTable,
  targetTable,
  testTable,
} from './tables.ts';
import { sentence } from './text.ts';

/** Text that Markdown and the HTML inside it leave alone. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]|~#!@]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}

function tableMarkdown(table: Table): string {
  const { caption, columns, rows } = table;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `**${plain(caption)}**`,
    '',
    line(columns.map(plain)),
    line(columns.map((_, c) => (isNumeric(table, c) ? '--:' : ':--'))),
    ...rows.map((row) =>
      line(
        row.map(({ text, note, value, doubtful }) => {
          const quiet = note && value !== undefined ? ` (${note})` : '';
          return `${plain(text)}${plain(quiet)}${doubtful ? ' ⚠' : ''}`;
        }),
      ),
    ),
  ].join('\n');
}

/** Such as ```` ``a`b`` ````: a code span that holds any text. */
function codeBlock(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}

const hasRows = ({ rows }: Table): boolean => rows.length > 0;

export function markdown(material: Material): string {
  const { record } = material;
  const attacks = attackTable(record);
  const doubtful = attacks.rows.some((row) => row.some((cell) => cell.doubtful));
  const missing = missingParts(material);
  return `${[
    '## Robustness report',
    verdict(record).map(plain).join('\n\n'),
    ...openLines(material),
    ...flagLines(record),
    ...[gateTable(record), accuracyTable(record), attacks].filter(hasRows).map(tableMarkdown),
    ...(doubtful
      ? ['⚠ the attack saw no gradient on more than a tenth of the images: no evidence.']
      : []),
    ...[testTable, minimalTable, targetTable, targetDistanceTable]
      .map((tableOf) => tableOf(record))
      .filter(hasRows)
      .map(tableMarkdown),
    ...(missing.length > 0 ? [`Missing: ${missing.map(plain).join(' ')}`] : []),
    `<details><summary>To repeat it</summary>\n\n${codeBlock(material.parts.map(commandOf).join('\n'))}\n\n${plain(record.program)}, seed ${record.seed}, ${plain(record.data.name)}\n\n</details>`,
  ].join('\n\n')}\n`;
}

function openLines({ record, commandText }: Material): string[] {
  const open = record.verdicts.filter(({ settled }) => !settled);
  return open.map(
    ({ model, reason, request }) =>
      `**No verdict on ${plain(model)}:** ${plain(reason)}.${request ? ` To settle it: ${plain(commandText(request))}` : ''}`,
  );
}

function flagLines({ flags }: EvaluationRecord): string[] {
  if (flags.length === 0) return [];
  return [
    flags
      .map(
        ({ severity, code, model, value, threshold, advice }) =>
          `- **${severity}: ${plain(code)}** (${plain(model)}: ${numberText(value)}, raised above ${numberText(threshold)}). ${plain(sentence(advice))}`,
      )
      .join('\n'),
  ];
}
