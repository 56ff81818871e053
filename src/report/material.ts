/** What a report is made of: one record out of those given, and the cards of its models. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { conclude, type EvaluationRecord, nameOfAttack, parseRecord } from '../evaluation/index.ts';
import { type ModelCard, readModelCard } from '../models/index.ts';

export interface Material {
  readonly record: EvaluationRecord;
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
 * One record out of several on the same images: the first one's measurements, the models and
 * attacks that the others add, and what follows from all of them.
 * @throws UserError `foreign-record` when two do not fit together
 */
export function mergeRecords(records: readonly EvaluationRecord[]): EvaluationRecord {
  const [first, ...others] = records;
  const models = [...first.models];
  const attacks = [...first.attacks];
  for (const other of others) {
    if (other.data.digest !== first.data.digest) {
      throw new UserError(
        'foreign-record',
        `the records are of different images: ${first.data.name} and ${other.data.name}`,
        { hint: 'make a report of each' },
      );
    }
    for (const model of other.models) {
      const known = models.find(({ name }) => name === model.name);
      if (known && known.digest !== model.digest) {
        throw new UserError(
          'foreign-record',
          `the records know two different models named ${model.name}`,
          { hint: 'make a report of each, or evaluate again' },
        );
      }
      if (!known) models.push(model);
    }
    attacks.push(...other.attacks.filter((attack) => !attacks.some((own) => isSame(own, attack))));
  }
  if (others.length === 0) return first;
  const gates = records.flatMap((record) => record.gates);
  return { ...conclude({ ...first, models, attacks }), gates };
}

type Attack = EvaluationRecord['attacks'][number];

/** Whether two attacks are the same, on the same number of images. */
const isSame = (one: Attack, other: Attack): boolean =>
  one.model === other.model &&
  one.source === other.source &&
  one.success.length === other.success.length &&
  nameOfAttack(one) === nameOfAttack(other);

/** The record with the cards of those models that are still the ones it measured. */
export async function gatherMaterial(record: EvaluationRecord): Promise<Material> {
  const cards = new Map<string, ModelCard>();
  for (const { name, folder, digest } of record.models) {
    const card = await readModelCard(folder).catch(() => undefined);
    if (card?.digest === digest) cards.set(name, card);
  }
  return { record, cards };
}
