/** What travels over a queue, each way; everything that arrives is checked against this. */
import { z } from 'zod';
import { ATTACK_NAMES, LOSSES, NORMS } from '../../attacks/index.ts';
import { NOISE_KINDS } from '../../data/index.ts';
import { ENGINES } from '../../engine/index.ts';
import { ARCHITECTURE_NAMES } from '../../models/index.ts';
import { OPTIMIZERS } from '../../training/index.ts';
import { programVersion } from '../../version.ts';
import type { Failure } from '../messages.ts';
import type { Shard } from '../shards.ts';
import type { Task } from '../trial.ts';
import { blobRefSchema, STORES } from './blobs.ts';

const count = z
  .int()
  .min(0)
  .max(2 ** 31);
const text = z.string().max(4096);
const engine = z.enum(['auto', ...ENGINES]);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const settingsSchema = z.strictObject({
  data: text,
  trainSize: count.nullable(),
  training: z.strictObject({
    architecture: z.enum(ARCHITECTURE_NAMES),
    temperature: z.number().positive(),
    epochs: count,
    batchSize: z
      .int()
      .min(1)
      .max(2 ** 20),
    learningRate: z.number().positive(),
    optimizer: z.enum(OPTIMIZERS),
    outputScaling: z.boolean(),
    seed: count,
    momentum: z.number().min(0).max(1).optional(),
    constantRate: z.literal(true).optional(),
  }),
  noise: z.strictObject({
    kind: z.enum(NOISE_KINDS),
    scale: z.number().min(0),
    copies: z.int().min(0).max(1000),
    seed: count,
  }),
  fineTuneEpochs: count,
  eps: z.number().min(0),
  samples: count,
  engine,
});

const common = {
  program: z.literal(programVersion()),
  store: z.enum(STORES),
};

const taskJobSchema = z.strictObject({
  ...common,
  kind: z.literal('task'),
  stage: z.enum(['teacher', 'soft-labels', 'trial']),
  settings: settingsSchema,
  command: z.array(text).max(1000),
  /** What is there of the parts that the task needs. */
  inputs: z.array(blobRefSchema).max(8),
});

const row = z
  .int()
  .min(0)
  .max(2 ** 31);
const MOST_ROWS = 4096;

const shardJobSchema = z.strictObject({
  ...common,
  kind: z.literal('shard'),
  start: z.strictObject({
    engine,
    data: text,
    dataDigest: digest,
    /** Archives of model folders, by the name of the classifier. */
    models: z.record(z.string().regex(/^(?!\.{1,2}$)[^/\\\0]{1,200}$/), blobRefSchema),
    draws: z.int().min(1).max(10_000),
    bpda: z.array(text).max(1000),
  }),
  shard: z.strictObject({
    model: text,
    source: text.nullable(),
    attack: z.enum(ATTACK_NAMES),
    /** Budget; null: none, as of attacks that look for the nearest example. */
    threat: z.strictObject({ norm: z.enum(NORMS), eps: z.number().min(0).nullable() }),
    loss: z.enum(LOSSES).nullable(),
    options: z.record(text, z.number()),
    seed: count,
    positions: z.array(row).min(1).max(MOST_ROWS),
    targets: z.array(row).max(MOST_ROWS).nullable(),
    levels: z.int().min(2).max(65_536).nullable(),
  }),
});

export const jobSchema = z.discriminatedUnion('kind', [taskJobSchema, shardJobSchema]);

export type QueueJob = z.infer<typeof jobSchema>;
export type TaskJob = z.infer<typeof taskJobSchema>;
export type ShardJob = z.infer<typeof shardJobSchema>;

export const answerSchema = z.discriminatedUnion('say', [
  z.strictObject({
    say: z.literal('done'),
    /** What was made; null: nothing, as by a teacher that diverged. */
    made: blobRefSchema.nullable(),
  }),
  z.strictObject({
    say: z.literal('failed'),
    /** Which worker, for messages. */
    worker: z.string().max(300),
    failure: z.strictObject({
      kind: z.enum(['user', 'run', 'bug']),
      code: z.string().max(100),
      message: z.string().max(10_000),
      hint: z.string().max(10_000).nullable(),
    }),
  }),
]);

export type Answer = z.infer<typeof answerSchema>;

/** How far a job is. */
export const progressSchema = z.strictObject({
  what: z.string().max(100),
  share: z.number().min(0).max(1),
});

/** A failure short enough to travel. */
export const shortened = ({ kind, code, message, hint }: Failure): Failure => ({
  kind,
  code: code.slice(0, 100),
  message: message.slice(0, 10_000),
  hint: hint?.slice(0, 10_000) ?? null,
});

/** The task of a job that was checked. */
export const taskOf = ({ stage, settings, command }: TaskJob): Task => {
  const { momentum, constantRate, ...training } = settings.training;
  return {
    stage,
    settings: {
      ...settings,
      training: {
        ...training,
        ...(momentum !== undefined && { momentum }),
        ...(constantRate && { constantRate }),
      },
    },
    command,
  };
};

/** A shard as it travels, where no number is infinite. */
export const shardSent = ({ threat, loss, ...rest }: Shard): ShardJob['shard'] => ({
  ...rest,
  loss: loss ?? null,
  positions: [...rest.positions],
  targets: rest.targets && [...rest.targets],
  options: { ...rest.options },
  threat: { norm: threat.norm, eps: Number.isFinite(threat.eps) ? threat.eps : null },
});

/** The shard of a job that was checked. */
export const shardOf = ({ shard: { threat, ...rest } }: ShardJob): Shard => ({
  ...rest,
  threat: { norm: threat.norm, eps: threat.eps ?? Number.POSITIVE_INFINITY },
});
