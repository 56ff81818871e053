/**
 * The three ways in which this program ends other than well; see `docs/file-formats.md`.
 *
 * A `UserError` is something the user can put right: one line that says what was expected and
 * what was found, and a hint that says what to do. A `GateError` is a measured figure below the
 * bar the user set. A `RunError` is a fault at run time; what was saved stays saved.
 */
export abstract class DistillError extends Error {
  abstract readonly exitCode: number;
  /** A stable name for scripts, such as `bad-flag` or `stale-soft-labels`. */
  readonly code: string;
  /** What to do about it, as an imperative sentence. */
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
