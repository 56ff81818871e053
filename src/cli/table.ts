import { type Cell, isNumeric, type Table } from '../report/index.ts';
import type { Terminal } from './terminal.ts';
import { visibleWidth, wrapped } from './wrapping.ts';

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** The text of one cell; an unreliable metric gets a question mark. */
function cellText({ text, brief = text, isUnreliable }: Cell, { color }: Pick<Terminal, 'color'>) {
  return isUnreliable ? color.yellow(`${brief}?`) : brief;
}

/** Gaps between columns: where the wide one does not fit, the narrow one may. */
const GAPS = ['  ', ' '];

/** Columns of the terminal that sentences in a last column need: fewer are hard to read. */
const SENTENCE_WIDTH = 30;

/**
 * A table as lines of text, a rule below the headings. In one that is wider than the terminal, a last
 * column of sentences is wrapped; where that does not suffice, the table is written row by row, each
 * cell after the name of its column.
 */
export function tableText(
  table: Table,
  terminal: Pick<Terminal, 'color'> & Partial<Pick<Terminal, 'width'>>,
): string {
  const { columns, rows } = table;
  const { width: most = Number.POSITIVE_INFINITY } = terminal;
  // Numbers stay aligned when some carry a question mark.
  const marks = columns.map((_, c) => rows.some((row) => row[c].isUnreliable));
  const lines = rows.map((row) =>
    row.map((cell, c) => `${cellText(cell, terminal)}${marks[c] && !cell.isUnreliable ? ' ' : ''}`),
  );
  const titles = columns.map((title, c) => `${title}${marks[c] ? ' ' : ''}`);
  const widths = titles.map((title, c) =>
    Math.max(title.length, ...lines.map((cells) => visibleWidth(cells[c]))),
  );
  const sum = widths.reduce((a, b) => a + b, 0);
  const gap = GAPS.find(({ length }) => sum + length * (widths.length - 1) <= most);
  if (gap === undefined) {
    const last = columns.length - 1;
    const before = sum - widths[last] + GAPS[0].length * last;
    if (isNumeric(table, last) || most - before < SENTENCE_WIDTH) {
      return rowByRow(columns, lines, most);
    }
    const narrow = rows.flatMap((row) => sentenceRows(row, most - before));
    return tableText({ ...table, rows: narrow }, { color: terminal.color });
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => pad(cell, widths[c], isNumeric(table, c) ? 'right' : 'left'))
      .join(gap)
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join(gap);
  return [line(titles), rule, ...lines.map(line)].join('\n');
}

/** A row whose last cell is a sentence, as one row for every line of it. */
function sentenceRows(row: readonly Cell[], width: number): Cell[][] {
  const [sentence] = row.slice(-1);
  const others = row.slice(0, -1);
  return wrapped(sentence.text, width).map((text, line) => [
    ...(line === 0 ? others : others.map(() => ({ text: '' }))),
    { ...sentence, text, brief: text },
  ]);
}

/** Each row as its first cell, and below it the others with the names of their columns. */
const rowByRow = (
  columns: readonly string[],
  lines: readonly (readonly string[])[],
  most: number,
): string =>
  lines
    .flatMap(([first, ...others]) => [
      first.trim(),
      ...wrapped(
        others
          .map((cell, c) => `${columns[c + 1]} ${cell.trim()}`.replaceAll(' ', '\u00a0'))
          .join('; '),
        most - 2,
      ).map((text) => `  ${text.replaceAll('\u00a0', ' ')}`),
    ])
    .join('\n');
