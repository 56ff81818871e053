/** What a report is made of: one record out of those given, and the cards of its models. */
import { UserError } from '../errors.ts';
import {
  type EvaluationRecord,
  type EvaluationRequest,
  joinRecords,
  parseRecord,
} from '../evaluation/index.ts';
import { type ModelCard, readModelCard } from '../models/index.ts';
import { readText } from '../storage/index.ts';

/** Of a record: ten thousand images and a hundred attacks take a tenth of it. */
const MAX_RECORD_BYTES = 2 ** 28;

/** Texts that only the caller knows how to write. */
export interface Wording {
  /** The command that makes an evaluation. */
  commandText(request: EvaluationRequest): string;
  /** The command with these arguments, quoted for a shell. */
  commandLine(command: readonly string[]): string;
}

export interface Material extends Wording {
  readonly record: EvaluationRecord;
  /** The records that it was joined from. */
  readonly parts: readonly EvaluationRecord[];
  /** By model name; absent where the folder is gone or now holds another model. */
  readonly cards: ReadonlyMap<string, ModelCard>;
}

/**
 * Reads a record file.
 * @throws UserError `no-record`, `bad-record`
 */
export async function readRecord(path: string): Promise<EvaluationRecord> {
  const text = await readText(
    path,
    (problem, cause) =>
      new UserError('no-record', `cannot read the record ${path}: ${problem}`, {
        hint: 'evaluate models to make one, or give the path of another record',
        cause,
      }),
    MAX_RECORD_BYTES,
  );
  try {
    return parseRecord(text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const options = { cause: error, ...(error.hint && { hint: error.hint }) };
    throw new UserError('bad-record', `${path}: ${error.message}`, options);
  }
}

/** A record without the cards of its models. */
export const materialOf = (record: EvaluationRecord, wording: Wording): Material => ({
  ...wording,
  record,
  parts: [record],
  cards: new Map(),
});

/**
 * The records as one, with the cards of those models that are still the ones it measured.
 * @throws UserError `foreign-record` when two do not fit together
 */
export async function gatherMaterial(
  parts: readonly EvaluationRecord[],
  wording: Wording,
): Promise<Material> {
  const record = joinRecords(parts);
  const cards = new Map<string, ModelCard>();
  for (const { name, folder, digest } of record.models) {
    const card = await readModelCard(folder).catch(() => undefined);
    if (card?.digest === digest) cards.set(name, card);
  }
  return { ...wording, record, parts, cards };
}
