/** Reading records back. */
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { inconsistencyIn } from './consistency.ts';
import {
  type AttackRecord,
  attackSchema,
  type EvaluationRecord,
  RECORD_SCHEMA,
  recordSchema,
} from './records.ts';

/**
 * Reads attacks that a partial evaluation kept, by key.
 * @throws UserError `bad-record`
 */
export function parseAttackRecords(content: unknown): [string, AttackRecord][] {
  const result = z.array(z.tuple([z.string(), attackSchema])).safeParse(content);
  // As they were written, the order of their fields too: a resumed record is the same bytes.
  if (result.success) return content as [string, AttackRecord][];
  throw new UserError('bad-record', 'these saved attacks do not follow the schema', {
    hint: 'start over instead of resuming',
  });
}

/**
 * Reads a record back.
 * @throws UserError `bad-record`
 */
export function parseRecord(text: string): EvaluationRecord {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new UserError('bad-record', 'this record is no JSON', { cause });
  }
  const schema = (content as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'string' && schema !== RECORD_SCHEMA) {
    throw new UserError(
      'bad-record',
      `the schema of this record is ${schema}, this program reads ${RECORD_SCHEMA}`,
      { hint: 'evaluate again, or use the version of distill that wrote it' },
    );
  }
  const result = recordSchema.safeParse(content);
  if (result.success) {
    const problem = inconsistencyIn(result.data);
    if (problem === undefined) return result.data;
    throw new UserError('bad-record', `the parts of this record disagree: ${problem}`, {
      hint: 'evaluate again: it was changed, or two were mixed',
    });
  }
  const [issue] = result.error.issues;
  throw new UserError(
    'bad-record',
    `in this record, ${issue.path.join('.') || 'the top'}: ${issue.message}`,
    {
      hint: `it should follow the schema ${RECORD_SCHEMA}`,
    },
  );
}
