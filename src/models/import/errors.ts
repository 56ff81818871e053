import { UserError } from '../../errors.ts';
import { printable } from '../../storage/index.ts';

/** A model that cannot be imported: intact, but nothing this program can run and attack. */
export class ImportError extends UserError {
  constructor(code: string, message: string, hint: string, cause?: unknown) {
    super(code, printable(message), { hint, cause });
  }
}

/** The first operator that has no counterpart here, by the name its format gives it. */
export function unsupported(operator: string, node: string, reason = ''): ImportError {
  return new ImportError(
    'unsupported-operator',
    `operator ${operator} (at "${node}") is not supported${reason && `: ${reason}`}`,
    'docs/model-format.md lists the operators that are; export the model without this one',
  );
}

/** A model that contradicts itself, as only a damaged one does. */
export function damaged(problem: string, cause?: unknown): ImportError {
  return new ImportError(
    'bad-model',
    problem,
    'the model is damaged or incomplete: save it again, or restore a copy',
    cause,
  );
}
