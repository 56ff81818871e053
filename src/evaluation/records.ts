/**
 * The record of a measuring command: the one source that tables, reports and gates are views of.
 * `docs/file-formats.md` describes it; `RECORD_SCHEMA` names its version.
 */
import { z } from 'zod';
import { LOSSES, NORMS } from '../attacks/index.ts';
import { UserError } from '../errors.ts';

export const RECORD_SCHEMA = 'distill-record/1';

const count = z.int().min(0);
const rate = z.strictObject({
  hits: count,
  total: count,
  rate: z.number().min(0).max(1),
  low: z.number().min(0).max(1),
  high: z.number().min(0).max(1),
});

const modelSchema = z.strictObject({
  name: z.string(),
  folder: z.string(),
  digest: z.string(),
  temperature: z.number().positive(),
  /** Class given to each clean example, in the order of `data.indices`. */
  predicted: z.array(count),
  accuracy: rate,
  perClass: z.array(rate),
  /** `[true][predicted]` */
  confusion: z.array(z.array(count)),
  answers: z.strictObject({
    unstable: rate,
    deaf: rate,
    probabilities: rate,
    medianGap: z.number(),
  }),
  gradients: z.array(
    z.strictObject({
      loss: z.enum(LOSSES),
      zero: rate,
      wrongSigns: rate,
      histogram: z.array(count),
    }),
  ),
});

const attackSchema = z.strictObject({
  model: z.string(),
  attack: z.string(),
  norm: z.enum(NORMS),
  /** Null for attacks that look for the smallest perturbation. */
  eps: z.number().min(0).nullable(),
  loss: z.enum(LOSSES).nullable(),
  options: z.record(z.string(), z.number()),
  /** Model that a transfer attack took its gradients from. */
  source: z.string().nullable(),
  forwards: count,
  backwards: count,
  seconds: z.number().min(0),
  /** Right on the clean image and not brought to the goal. */
  robust: rate,
  /** One entry per attacked example, in the order of `data.indices` (targets: each in turn). */
  targets: z.array(count).nullable(),
  predicted: z.array(count),
  distance: z.array(z.number()),
  success: z.array(z.boolean()),
  legal: z.array(z.boolean()),
  /** Saved examples that did not do again, read from disk, what they had done. */
  unverified: count,
});

const testSchema = z.strictObject({
  kind: z.literal('mcnemar'),
  first: z.string(),
  second: z.string(),
  onlyFirst: count,
  onlySecond: count,
  p: z.number().min(0).max(1),
});

const flagSchema = z.strictObject({
  code: z.string(),
  model: z.string(),
  severity: z.enum(['serious', 'note']),
  value: z.number(),
  threshold: z.number(),
  advice: z.string(),
});

const verdictSchema = z.strictObject({
  model: z.string(),
  /** False where the flags forbid a verdict. */
  settled: z.boolean(),
  reason: z.string(),
  /** What would settle it. */
  command: z.string().nullable(),
});

const recordSchema = z.strictObject({
  schema: z.literal(RECORD_SCHEMA),
  program: z.string(),
  /** Arguments as given. */
  command: z.array(z.string()),
  startedAt: z.iso.datetime(),
  seconds: z.number().min(0),
  seed: count,
  /** Every setting, defaults filled in. */
  configuration: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  versions: z.record(z.string(), z.string()),
  engine: z.strictObject({ name: z.string(), instructionSet: z.string(), threads: z.int().min(1) }),
  data: z.strictObject({
    name: z.string(),
    digest: z.string(),
    /** Index of each example in the file it came from. */
    indices: z.array(count),
    labels: z.array(count),
  }),
  models: z.array(modelSchema),
  attacks: z.array(attackSchema),
  tests: z.array(testSchema),
  flags: z.array(flagSchema),
  verdicts: z.array(verdictSchema),
  summary: z.array(z.strictObject({ model: z.string(), figure: z.string(), ...rate.shape })),
});

export type EvaluationRecord = z.infer<typeof recordSchema>;
export type ModelRecord = EvaluationRecord['models'][number];
export type AttackRecord = EvaluationRecord['attacks'][number];
export type TestRecord = EvaluationRecord['tests'][number];
export type Verdict = EvaluationRecord['verdicts'][number];
export type Flag = EvaluationRecord['flags'][number];

/**
 * Reads attacks that a partial evaluation kept, by key.
 * @throws UserError `bad-record`
 */
export function parseAttackRecords(content: unknown): [string, AttackRecord][] {
  const result = z.array(z.tuple([z.string(), attackSchema])).safeParse(content);
  if (result.success) return result.data;
  throw new UserError('bad-record', 'these saved attacks do not follow the schema', {
    hint: 'start afresh without --resume',
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
  const result = recordSchema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UserError(
    'bad-record',
    `in this record, ${issue.path.join('.') || 'the top'}: ${issue.message}`,
    {
      hint: `it should follow the schema ${RECORD_SCHEMA}`,
    },
  );
}
