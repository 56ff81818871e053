/**
 * The ways in which this program fails; see `docs/file-formats.md` for the exit codes.
 *
 * A `UserError` is a mistake that the user can correct: a message in one line that says what was
 * expected and what was found, and a hint that says what to do. A `GateError` is a metric that does
 * not meet the user's threshold. A `RunError` is a fault at run time; what was saved stays saved.
 */
export abstract class DistillError extends Error {
  abstract readonly exitCode: number;
  /** A stable name for scripts, such as `bad-flag` or `stale-soft-labels`. */
  readonly code: string;
  /** What to do about it, as an imperative without flags or commands: the command line adds them. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

export class UserError extends DistillError {
  readonly exitCode = 2;
}

export class GateError extends DistillError {
  readonly exitCode = 1;
}

export class RunError extends DistillError {
  readonly exitCode = 3;
}
