import { existsSync, readdirSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { closest } from '../closest.ts';
import { UserError } from '../errors.ts';
import {
  digestOf,
  type FolderKind,
  readText,
  restoreFolder,
  sha256,
  writeFolderAtomically,
} from '../storage/index.ts';
import { Model } from './model.ts';
import type { Network } from './network.ts';
import { networkSchema } from './network-schema.ts';
import { loadNetwork, networkFilesDigest, saveNetwork } from './saved-network.ts';
import type { Weight } from './weights.ts';

const SCHEMA = 'distill-model/1';
const CARD = 'distill.json';
/** What `saveModel` writes and may replace. */
export const MODEL_FOLDER: FolderKind = {
  name: 'model folder',
  marker: CARD,
  contents: [CARD, 'saved_model.pb', 'variables'],
};

const MAX_CARD_BYTES = 16 * 2 ** 20;

const rate = z.number().min(0).max(1);

/**
 * Why the scaling of a model's pixels is believed to be that of its training: it was tried on images,
 * the user stated it, or nobody did either.
 */
export const RANGE_BASES = ['tried', 'stated', 'assumed'] as const;
export type RangeBasis = (typeof RANGE_BASES)[number];

/** Where a model of another program is from. */
const originSchema = z.strictObject({
  source: z.string(),
  format: z.string(),
  pixelRange: z.strictObject({
    scaling: z.string(),
    basis: z.enum(RANGE_BASES),
  }),
});

/** `distill.json`: what a model is and what made it; see `docs/model-format.md`. */
const cardSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  program: z.string(),
  role: z.enum(['baseline', 'teacher', 'student', 'adversarial', 'certified', 'imported']),
  network: networkSchema,
  temperature: z.number().positive(),
  /** SHA-256 over the weights' names, shapes and values: the model's identity. */
  digest: z.string().length(64),
  /** SHA-256 over the files of the SavedModel; absent on models that were saved before it was there. */
  filesDigest: z.string().length(64).optional(),
  /** Digest of everything that determines the weights but for the engine that rounds. */
  inputsDigest: z.string().length(64),
  data: z.strictObject({ source: z.string(), trainSize: z.int(), digest: z.string() }).optional(),
  softLabels: z.strictObject({ digest: z.string(), teacher: z.string() }).optional(),
  origin: originSchema.optional(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  engine: z.strictObject({ name: z.string(), instructionSet: z.string() }),
  history: z.array(
    z.strictObject({
      epoch: z.int(),
      loss: z.number().nullable(),
      trainAccuracy: rate,
      validationAccuracy: rate,
      learningRate: z.number(),
    }),
  ),
});

export type ModelCard = z.infer<typeof cardSchema>;
export type ModelOrigin = z.infer<typeof originSchema>;
export type ModelRole = ModelCard['role'];
export type EpochRecord = ModelCard['history'][number];

/** What the caller supplies when saving a model; the rest is computed from network and weights. */
export type ModelFacts = Omit<
  ModelCard,
  'schema' | 'digest' | 'filesDigest' | 'network' | 'temperature'
>;

export interface SavedModel {
  readonly card: ModelCard;
  readonly network: Network;
  readonly weights: readonly Weight[];
}

/** SHA-256 over names, shapes and values of the weights, in order. */
export function weightsDigest(weights: readonly Weight[]): string {
  return digestOf(
    weights.map(({ spec, values }) => ({
      name: spec.name,
      shape: spec.shape,
      values: sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
    })),
  );
}

/**
 * Saves a model as a TensorFlow SavedModel folder with a `distill.json`. The folder appears
 * whole or not at all; an old one is replaced.
 * @throws UserError `foreign-folder` when another folder is there; UserError or RunError `unwritable`
 */
export async function saveModel(
  folder: string,
  network: Network,
  temperature: number,
  weights: readonly Weight[],
  facts: ModelFacts,
): Promise<ModelCard> {
  return writeFolderAtomically(folder, MODEL_FOLDER, async (temporary) => {
    await saveNetwork(temporary, network, weights);
    const card: ModelCard = {
      schema: SCHEMA,
      network: networkSchema.parse(network),
      temperature,
      digest: weightsDigest(weights),
      filesDigest: networkFilesDigest(temporary),
      ...facts,
    };
    await writeFile(join(temporary, CARD), `${JSON.stringify(card, null, 2)}\n`);
    return card;
  });
}

/** Whether a folder is one that this program wrote. */
export function isModelFolder(folder: string): boolean {
  return existsSync(join(folder, CARD));
}

/** The model folder that a mistyped one was probably meant to be: beside it, or in `models`. */
function meantModel(folder: string): string | undefined {
  for (const parent of new Set([dirname(folder), 'models'])) {
    const names = existsSync(parent) ? readdirSync(parent) : [];
    const models = names.filter((name) => isModelFolder(join(parent, name)));
    const meant = closest(basename(folder), models);
    if (meant !== undefined) return join(parent, meant);
  }
  return undefined;
}

function notAModel(folder: string, problem: string, cause?: unknown): UserError {
  const meant = existsSync(folder) ? undefined : meantModel(folder);
  return new UserError('bad-model', `${folder} is not a model folder: ${problem}`, {
    hint:
      meant === undefined ? 'train one first, or name another folder' : `did you mean ${meant}?`,
    cause,
  });
}

/**
 * Reads only the card of a model folder: its identity and what it was made from.
 * @throws UserError `bad-model`
 */
export async function readModelCard(folder: string): Promise<ModelCard> {
  const path = join(folder, CARD);
  await restoreFolder(folder);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    const others = ['saved_model.pb', 'model.json'].find((name) => existsSync(join(folder, name)));
    if (others) {
      const problem = `${folder} holds a ${others} but no ${CARD}, so this program did not write it`;
      throw new UserError('foreign-format', problem, {
        hint: 'import it into a model folder first',
      });
    }
    if (existsSync(folder)) throw notAModel(folder, `it holds no ${CARD}`);
    throw notAModel(folder, 'there is no such folder');
  }
  if (found.size > MAX_CARD_BYTES)
    throw notAModel(folder, `its ${CARD} is ${found.size} bytes long`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readText(path, (problem) => notAModel(folder, problem)));
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw notAModel(folder, `its ${CARD} is no JSON`, cause);
  }
  const schema = (parsed as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'string' && schema !== SCHEMA) {
    throw notAModel(folder, `its schema is ${schema}, this program reads ${SCHEMA}`);
  }
  const card = cardSchema.safeParse(parsed);
  if (!card.success) {
    const [issue] = card.error.issues;
    throw notAModel(
      folder,
      `in its ${CARD}, ${issue.path.join('.') || 'the top'}: ${issue.message}`,
    );
  }
  return card.data;
}

/**
 * Reads a model folder, weights included, and checks that the weights are those it was saved with.
 * @throws UserError `bad-model` or a format error that names the file and what is wrong with it
 */
export async function readModel(folder: string): Promise<SavedModel> {
  const card = await readModelCard(folder);
  const weights = await loadNetwork(folder, card.network);
  if (card.filesDigest !== undefined && networkFilesDigest(folder) !== card.filesDigest) {
    throw notAModel(folder, 'its SavedModel is not the one that was saved');
  }
  if (weightsDigest(weights) !== card.digest) {
    throw notAModel(folder, `its weights are not those that its ${CARD} describes`);
  }
  return { card, network: card.network, weights };
}

/**
 * Loads a model folder into the engine.
 * @throws UserError as `readModel`
 */
export async function loadModel(folder: string): Promise<{ card: ModelCard; model: Model }> {
  const { card, network, weights } = await readModel(folder);
  return { card, model: new Model(network, weights, card.temperature) };
}
