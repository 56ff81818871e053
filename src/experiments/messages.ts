/** What a pool and the processes of its workers say to each other. */
import { DistillError, RunError, UserError } from '../errors.ts';

/** Said to a worker: first how to work, then job after job. */
export type ToWorker<Start, Job> =
  | { readonly say: 'start'; readonly start: Start }
  | { readonly say: 'do'; readonly job: Job };

/** An error in a form that crosses processes. */
export interface Failure {
  /** Neither of the two is a fault of the program. */
  readonly kind: 'user' | 'run' | 'bug';
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export type FromWorker<Answer> =
  | { readonly say: 'working'; readonly what: string; readonly share: number }
  | { readonly say: 'done'; readonly answer: Answer }
  | { readonly say: 'failed'; readonly failure: Failure };

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof DistillError)) {
    return { kind: 'bug', code: 'bug', message, hint: null };
  }
  const { code, hint = null } = error;
  return { kind: error instanceof UserError ? 'user' : 'run', code, message, hint };
}

export function errorOf({ kind, code, message, hint }: Failure): Error {
  const options = hint === null ? {} : { hint };
  if (kind === 'user') return new UserError(code, message, options);
  if (kind === 'run') return new RunError(code, message, options);
  return new Error(`a worker failed: ${message}`);
}
