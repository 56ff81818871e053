import type { z } from 'zod';
import { UserError } from '../errors.ts';

/**
 * Reads a record back.
 * @param name of the schema, for the error
 * @throws UserError `bad-record`
 */
export function parseRecordText<T>(text: string, schema: z.ZodType<T>, name: string): T {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new UserError('bad-record', 'this record is no JSON', { cause });
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UserError(
    'bad-record',
    `in this record, ${issue.path.join('.') || 'the top'}: ${issue.message}`,
    { hint: `it should follow the schema ${name}` },
  );
}
