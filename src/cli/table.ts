import { type Cell, isNumeric, type Table } from '../report/index.ts';
import type { Terminal } from './terminal.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colors are made of
const COLOR = /\u001b\[[0-9;]*m/g;

function visibleWidth(text: string): number {
  return text.replace(COLOR, '').length;
}

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

/**
 * A table as lines of text, a rule below the headings. One that is wider than the terminal is written
 * row by row, each cell after the name of its column.
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
  if (gap === undefined) return rowByRow(columns, lines, most);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => pad(cell, widths[c], isNumeric(table, c) ? 'right' : 'left'))
      .join(gap)
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join(gap);
  return [line(titles), rule, ...lines.map(line)].join('\n');
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

/** A sentence as lines of at most `width` columns; numbers stay with their unit. */
export function wrapped(sentence: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(/ (?!%)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
