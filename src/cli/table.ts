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

/** A table as lines of text: two spaces between columns, a rule below the headings. */
export function tableText(table: Table, terminal: Pick<Terminal, 'color'>): string {
  const { columns, rows } = table;
  // Numbers stay aligned when some carry a question mark.
  const marks = columns.map((_, c) => rows.some((row) => row[c].isUnreliable));
  const lines = rows.map((row) =>
    row.map((cell, c) => `${cellText(cell, terminal)}${marks[c] && !cell.isUnreliable ? ' ' : ''}`),
  );
  const titles = columns.map((title, c) => `${title}${marks[c] ? ' ' : ''}`);
  const widths = titles.map((title, c) =>
    Math.max(title.length, ...lines.map((cells) => visibleWidth(cells[c]))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => pad(cell, widths[c], isNumeric(table, c) ? 'right' : 'left'))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(titles), rule, ...lines.map(line)].join('\n');
}

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
