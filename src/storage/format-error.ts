import { UserError } from '../errors.ts';

const MAX_MESSAGE = 400;

/** Names from damaged files may hold anything; a message is one line of printable text. */
export function printable(message: string): string {
  const line = message.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, '?');
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
}

/**
 * A file that violates its format: wrong magic, bad checksum, truncated, a length field
 * that points outside, a tensor missing or of another shape. Always one line that names the file.
 */
export class FormatError extends UserError {
  constructor(
    file: string,
    problem: string,
    options: { hint?: string; cause?: unknown; code?: string } = {},
  ) {
    super(options.code ?? 'bad-file', printable(`${file}: ${problem}`), options);
  }
}
