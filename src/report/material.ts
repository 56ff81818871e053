/** What a report is made of: one record out of those given, and the cards of its models. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import {
  type EvaluationRecord,
  type EvaluationRequest,
  joinRecords,
  parseRecord,
} from '../evaluation/index.ts';
import { type ModelCard, readModelCard } from '../models/index.ts';

/** Texts that only the caller knows how to write. */
export interface Wording {
  /** The command that makes an evaluation. */
  commandText(request: EvaluationRequest): string;
}

export interface Material extends Wording {
  readonly record: EvaluationRecord;
  /** The records that it was joined from. */
  readonly parts: readonly EvaluationRecord[];
  /** By model name; absent where the folder is gone or holds another model by now. */
  readonly cards: ReadonlyMap<string, ModelCard>;
}

/**
 * Reads a record file.
 * @throws UserError `no-record`, `bad-record`
 */
export async function readRecord(path: string): Promise<EvaluationRecord> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UserError('no-record', `there is no record ${path}`, {
      hint: 'make one with `distill run` or `distill evaluate`, or name another with --from',
      cause,
    });
  }
  try {
    return parseRecord(text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const options = { cause: error, ...(error.hint && { hint: error.hint }) };
    throw new UserError('bad-record', `${path}: ${error.message}`, options);
  }
}

/**
 * The records as one, with the cards of those models that are still the ones it measured.
 * @throws UserError `foreign-record` when two do not fit together
 */
export async function gatherMaterial(
  parts: readonly EvaluationRecord[],
  { commandText }: Wording,
): Promise<Material> {
  const record = joinRecords(parts);
  const cards = new Map<string, ModelCard>();
  for (const { name, folder, digest } of record.models) {
    const card = await readModelCard(folder).catch(() => undefined);
    if (card?.digest === digest) cards.set(name, card);
  }
  return { record, parts, cards, commandText };
}
