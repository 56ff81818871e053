/**
 * The record of a measuring command: the one source that tables, reports and gates are views of.
 * `docs/file-formats.md` describes it; `RECORD_SCHEMA` names its version.
 */
import { z } from 'zod';
import { isLossName, type LossName, NORMS } from '../attacks/index.ts';
import { RANGE_BASES } from '../models/index.ts';
import { COMPARISONS, GATE_ENDS } from './gate-syntax.ts';
import { PRESET_NAMES } from './preset-names.ts';

export const RECORD_SCHEMA = 'distill-record/4';

/**
 * `broken`: verified examples leave no accuracy worth the name. `bounded`: robust accuracy is at most
 * the worst case, on all the evidence that takes. `open`: some of it is missing.
 */
const RULINGS = ['broken', 'bounded', 'open'] as const;

/** Built in, or registered in this process. */
const lossName = z.custom<LossName>(isLossName, 'unknown loss');
const count = z.int().min(0);
const size = z.int().min(1).max(4096);
const share = z.number().min(0).max(1);
const rate = z.strictObject({
  hits: count,
  total: count,
  rate: share,
  low: share,
  high: share,
});

const modelSchema = z.strictObject({
  name: z.string(),
  folder: z.string(),
  digest: z.string(),
  temperature: z.number().positive(),
  /** Of an imported model: why its pixel range is believed to be that of its training. */
  pixelRange: z.enum(RANGE_BASES).optional(),
  /** Of a model that answers at random: how many answers were averaged for each; absent: 1. */
  draws: z.int().min(2).optional(),
  /** Layers whose gradient was taken to be the identity's; absent: none. */
  bpda: z.array(z.string()).min(1).optional(),
  /** Class given to each clean example, in the order of `data.indices`. */
  predicted: z.array(count),
  accuracy: rate,
  perClass: z.array(rate),
  /** `[true][predicted]` */
  confusion: z.array(z.array(count)),
  answers: z.strictObject({
    unstable: rate,
    insensitive: rate,
    probabilities: rate,
    /** Whether each attacked image got the same answer again. */
    repeated: z.array(z.boolean()),
  }),
  gradients: z.array(
    z.strictObject({
      loss: lossName,
      zero: rate,
      wrongSigns: rate,
      /** Of each attacked image: its largest |gradient|, and its pixels whose sign is wrong. */
      largest: z.array(z.number().min(0)),
      wrongPixels: z.array(count),
    }),
  ),
  /** Whether the gradient tells the truth at the scale of each budget; see `measureGradientTruth`. */
  gradientTruth: z.array(
    z.strictObject({
      norm: z.enum(NORMS),
      eps: z.number().min(0),
      scales: z.array(z.number().positive()),
      ratios: z.array(z.array(z.number().nullable())),
    }),
  ),
  /** Finely, how accuracy falls with the budget, on the first attacked images; see `measureCurves`. */
  curves: z
    .array(
      z.strictObject({
        norm: z.enum(NORMS),
        attack: z.string(),
        loss: lossName,
        /** The largest budget that is read. */
        eps: z.number().positive(),
        /** By image, the smallest budget in which it is known not to stay correct; null: none. */
        budgets: z.array(z.number().min(0).nullable()),
      }),
    )
    .optional(),
  /** How far the largest logit of each attacked image is above the next one. */
  gaps: z.array(z.number().min(0)),
  examples: z.strictObject({ confidence: z.array(share) }).optional(),
});

/** What both kinds of attack record hold. */
const attackFields = {
  model: z.string(),
  attack: z.string(),
  norm: z.enum(NORMS),
  loss: lossName.nullable(),
  options: z.record(z.string(), z.number()),
  /** Model that a transfer attack took its gradients from. */
  source: z.string().nullable(),
  forwards: count,
  backwards: count,
  seconds: z.number().min(0),
  /** What it aimed at: away from the true class (null), one class, or every wrong class in turn. */
  target: z.union([z.literal('every'), count]).nullable(),
  /** Images that the model has right when clean and on which no row succeeded. */
  robust: rate,
  /** Index of each row in `data.indices`; the arrays below go by row. */
  positions: z.array(count),
  /** Class that each row aimed at. */
  targets: z.array(count).nullable(),
  predicted: z.array(count),
  distance: z.array(z.number()),
  success: z.array(z.boolean()),
  legal: z.array(z.boolean()),
  /** How often an attack without gradients of the model asked it; null for the others. */
  queries: z.array(count).nullable(),
  /** Where pixels were rounded to levels: of the rows that succeeded before, those that still do. */
  survived: rate.optional(),
  /** The first attacked images, as `packImages` makes them, and the model's confidence in each. */
  examples: z.strictObject({ images: z.string(), confidence: z.array(share) }).optional(),
  /** Saved examples that get another class, or are illegal, when read back from disk. */
  unverified: count,
  /** Run because the attacks of the plan had left the verdict open. */
  isFollowUp: z.literal(true).optional(),
};

/** Attacks within a budget, and attacks that look for the smallest perturbation. */
export const attackSchema = z.discriminatedUnion('budget', [
  z.strictObject({ budget: z.literal('fixed'), eps: z.number().min(0), ...attackFields }),
  z.strictObject({ budget: z.literal('minimal'), eps: z.null(), ...attackFields }),
]);

/** An attack that ended with an error; the others have their results. */
const failureSchema = z.strictObject({
  model: z.string(),
  /** As tables name it. */
  attack: z.string(),
  message: z.string(),
});

const testSchema = z.strictObject({
  kind: z.literal('mcnemar'),
  /** What the two models are compared in, such as `robust accuracy (Linf 0.1)`. */
  metric: z.string(),
  first: z.string(),
  second: z.string(),
  onlyFirst: count,
  onlySecond: count,
  p: share,
  /** The p-value corrected for the number of tests in the record (Holm 1979). */
  holm: share,
});

const flagSchema = z.strictObject({
  code: z.string(),
  model: z.string(),
  severity: z.enum(['serious', 'note']),
  value: z.number(),
  threshold: z.number(),
  advice: z.string(),
});

/** An evaluation of one model, as data: what would supply missing evidence. */
const requestSchema = z.strictObject({
  /** The model's folder. */
  model: z.string(),
  attacks: z.union([
    z.strictObject({ preset: z.enum(PRESET_NAMES) }),
    z.strictObject({
      names: z.array(z.string()),
      /** Null: the default loss of each attack. */
      losses: z.array(lossName).nullable(),
      /** Options with the values to try; `attack` null: of every attack that has the option. */
      settings: z.array(
        z.strictObject({
          attack: z.string().nullable(),
          option: z.string(),
          values: z.array(z.number()),
        }),
      ),
    }),
  ]),
  /** Data source, as the evaluation was given it; null where the record does not say. */
  data: z.string().nullable(),
  norm: z.enum(NORMS),
  /** Budgets, exact; none: the defaults. */
  eps: z.array(z.number().min(0)),
  samples: count,
  seed: count,
  /** How many answers to average; absent: 1. */
  draws: z.int().min(2).optional(),
  /** Levels that pixels are rounded to; absent: they are not. */
  levels: z.int().min(2).optional(),
  /** Layers whose gradient to take to be the identity's; absent: none. */
  bpda: z.array(z.string()).min(1).optional(),
});

/** What was concluded of a model at one budget; of a model without any budget, one with nulls. */
const verdictSchema = z.strictObject({
  model: z.string(),
  norm: z.enum(NORMS).nullable(),
  eps: z.number().min(0).nullable(),
  ruling: z.enum(RULINGS),
  /** Whether the ruling is another one than `open`. */
  settled: z.boolean(),
  /** Accuracy under all attacks together. */
  rate: rate.nullable(),
  /** What a bound needs, and whether it was seen; `code` names a line of the table of evidence. */
  evidence: z.array(z.strictObject({ code: z.string(), met: z.boolean(), detail: z.string() })),
  reason: z.string(),
  /** What would supply the evidence that is missing; null where none is, or no evaluation can. */
  request: requestSchema.nullable(),
});

/** What is known of one image: proven to keep its right class, seen to lose it, or neither. */
const CERTIFIED_OUTCOMES = ['certified', 'broken', 'open'] as const;

const certificatesSchema = z.strictObject({
  model: z.string(),
  norm: z.literal('Linf'),
  eps: z.number().min(0),
  /** Images that no change within the budget can break: robust accuracy is at least this. */
  certified: rate,
  seconds: z.number().min(0),
  /** By attacked image. */
  outcomes: z.array(z.enum(CERTIFIED_OUTCOMES)),
});

const worstCaseSchema = z.strictObject({
  model: z.string(),
  norm: z.enum(NORMS),
  eps: z.number().min(0),
  ...rate.shape,
});

const gateSchema = z.strictObject({
  /** As given, such as `student: accuracy >= 0.99`. */
  gate: z.string(),
  model: z.string(),
  metric: z.string(),
  /** What was held against the threshold: the metric, or the end of its 95 % interval. */
  value: z.number(),
  comparison: z.enum(COMPARISONS),
  threshold: z.number(),
  unit: z.enum(['share', 'distance', 'count']),
  on: z.enum(GATE_ENDS),
  met: z.boolean(),
});

export const recordSchema = z.strictObject({
  /** The answer in sentences, for whoever opens the file; it follows from the rest. */
  answer: z.string().optional(),
  schema: z.literal(RECORD_SCHEMA),
  program: z.string(),
  /** Arguments as given. */
  command: z.array(z.string()),
  startedAt: z.iso.datetime(),
  seconds: z.number().min(0),
  seed: count,
  /** Levels that the pixels of attacked images were rounded to; absent: they were not. */
  levels: z.int().min(2).optional(),
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
    /** What each class is called, where the data say so. */
    classNames: z.array(z.string()).optional(),
    /** The first attacked images as they were, `[n, H, W, C]`, as `packImages` makes them. */
    examples: z.strictObject({ shape: z.tuple([size, size, size]), images: z.string() }).optional(),
  }),
  models: z.array(modelSchema),
  attacks: z.array(attackSchema),
  failures: z.array(failureSchema).optional(),
  /** What is proven, per model and Linf budget; absent: nothing was to be proven. */
  certificates: z.array(certificatesSchema).optional(),
  /** Accuracy under all attacks together, per model and budget. */
  worstCases: z.array(worstCaseSchema),
  tests: z.array(testSchema),
  flags: z.array(flagSchema),
  verdicts: z.array(verdictSchema),
  gates: z.array(gateSchema),
});

export type EvaluationRecord = z.infer<typeof recordSchema>;
export type ModelRecord = EvaluationRecord['models'][number];
export type AttackRecord = EvaluationRecord['attacks'][number];
export type TestRecord = EvaluationRecord['tests'][number];
export type AttackFailure = NonNullable<EvaluationRecord['failures']>[number];
export type WorstCase = EvaluationRecord['worstCases'][number];
export type Certificates = NonNullable<EvaluationRecord['certificates']>[number];
export type GateResult = EvaluationRecord['gates'][number];
/** What attacks aim at; see `target` of an attack. */
export type Target = NonNullable<AttackRecord['target']>;
export type Evidence = Verdict['evidence'][number];
export type Verdict = EvaluationRecord['verdicts'][number];
export type EvaluationRequest = NonNullable<Verdict['request']>;
export type Flag = EvaluationRecord['flags'][number];
