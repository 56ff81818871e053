/** A column's heading and the side its cells are set to. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
const COLOUR = /\u001b\[[0-9;]*m/g;

function visibleWidth(text: string): number {
  return text.replace(COLOUR, '').length;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** A table as lines of text: two spaces between columns, a rule below the headings. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, c) =>
    Math.max(title.length, ...rows.map((row) => visibleWidth(row[c] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align = 'right' }, c) => pad(cells[c] ?? '', widths[c], align))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line)].join('\n');
}

/** A sentence as lines of at most `width` columns; figures stay with their unit. */
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
