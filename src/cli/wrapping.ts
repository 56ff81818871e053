/** Texts in lines that a terminal has room for: what a terminal wraps itself, it breaks within words. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colors are made of
const COLOR = /\u001b\[[0-9;]*m/g;

/** How many columns a text takes on a terminal, colors apart. */
export const visibleWidth = (text: string): number => text.replace(COLOR, '').length;

/** A sentence as lines of at most `width` columns; numbers stay with their unit. */
export function wrapped(sentence: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(/ (?!%)/)) {
    const last = lines.at(-1);
    if (last !== undefined && visibleWidth(last) + 1 + visibleWidth(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

/**
 * A text as it goes to an output: on a terminal, lines that are too long are wrapped below their own
 * beginning; in a file they stay whole, for programs that read them.
 */
export function fitted(text: string, { isTTY, columns }: Output): string {
  if (!isTTY || !columns) return text;
  return text
    .split('\n')
    .flatMap((line) => {
      if (visibleWidth(line) <= columns) return line;
      const [indent] = /^ */.exec(line) ?? [''];
      return wrapped(line.slice(indent.length), columns - indent.length).map(
        (part) => indent + part,
      );
    })
    .join('\n');
}

/** A command as it goes to an output: in lines that can still be copied into a shell. */
export function fittedCommand(command: string, { isTTY, columns }: Output): string {
  if (!isTTY || !columns || command.length <= columns) return command;
  const whole = command.replace(/'[^']*'/g, (quoted) => quoted.replaceAll(' ', '\u00a0'));
  return wrapped(whole, columns - 4)
    .join(' \\\n  ')
    .replaceAll('\u00a0', ' ');
}
