import { UserError } from '../errors.ts';

/**
 * A file that is not what its format says: wrong magic, bad checksum, truncated, a length field
 * that points outside, a tensor missing or of another shape. Always one line that names the file.
 */
export class FormatError extends UserError {
  constructor(
    file: string,
    problem: string,
    options: { hint?: string; cause?: unknown; code?: string } = {},
  ) {
    super(options.code ?? 'bad-file', `${file}: ${problem}`, options);
  }
}
