import { stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { z } from 'zod';
import {
  type DataSplits,
  type Dataset,
  encodeIdx,
  imageSize,
  NOISE_KINDS,
  type NoiseOptions,
  newLabels,
  noisyCopies,
  readIdx,
} from '../data/index.ts';
import { UserError } from '../errors.ts';
import { loadModel, logitsOf, type ModelCard, readModelCard, softmaxOf } from '../models/index.ts';
import {
  checkFolder,
  decodeNpy,
  digestOf,
  encodeNpy,
  type FolderKind,
  readRegular,
  readText,
  restoreFolder,
  sha256,
  writeFolderAtomically,
} from '../storage/index.ts';
import { programVersion } from '../version.ts';
import {
  checkOutlierOptions,
  dropoutUncertainties,
  type OutlierOptions,
  outlierLabels,
} from './outlier-labels.ts';
import { TrainingSet } from './training-set.ts';

const SCHEMA = 'distill-soft-labels/2';
const CARD = 'soft-labels.json';
const LABELS = 'soft-labels.npy';
const NOISY_IMAGES = 'noisy-images-idx3-ubyte';

/** What `makeSoftLabels` writes and may replace. */
export const SOFT_LABELS_FOLDER: FolderKind = {
  name: 'soft-label folder',
  marker: CARD,
  contents: [CARD, LABELS, NOISY_IMAGES],
};

/** Node reads no larger file in one piece. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
const MAX_CARD_BYTES = 2 ** 20;
/** More than the header of either file takes. */
const HEADER_BYTES = 1024;

const cardSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  program: z.string(),
  /** Digest of the arrays: the soft labels' identity. */
  digest: z.string(),
  /** Digest of teacher, data and settings: shows whether they must be made again. */
  inputsDigest: z.string(),
  temperature: z.number().positive(),
  /** How labels with an outlier class were made; absent: they are the teacher's probabilities. */
  outlier: z
    .strictObject({
      passes: z.int().min(2),
      share: z.number().positive().max(1),
      seed: z.int().min(0),
    })
    .optional(),
  noise: z.strictObject({
    kind: z.enum(NOISE_KINDS),
    scale: z.number().min(0),
    copies: z.int().min(0),
    seed: z.int().min(0),
  }),
  /** The teacher's folder is given from the soft labels' own. */
  teacher: z.strictObject({ folder: z.string(), digest: z.string() }),
  data: z.strictObject({ source: z.string(), digest: z.string(), count: z.int().min(1) }),
  /** Columns of the labels: the data's classes, and the outlier class where there is one. */
  classes: z.int().min(2),
  /** Mean entropy of a soft label in nats: 0 is a hard label, ln(classes) the uniform distribution. */
  meanEntropy: z.number(),
});

export type SoftLabelsCard = z.infer<typeof cardSchema>;

/** The training images, then their noisy copies, with their labels. */
function withCopies(train: Dataset, noisyImages: Uint8Array, copies: number) {
  const images = new Uint8Array(train.images.length + noisyImages.length);
  images.set(train.images);
  images.set(noisyImages, train.images.length);
  const count = train.count * (1 + copies);
  const labels = newLabels(train.classes, count);
  for (let start = 0; start < count; start += train.count) labels.set(train.labels, start);
  return { shape: train.shape, count, images, labels };
}

/** Soft labels of the training images, then of each set of their noisy copies. */
export class SoftLabels {
  readonly card: SoftLabelsCard;
  /** `[(1 + copies) * count, classes]` */
  readonly probabilities: Float32Array;
  /** `copies * count` images, as bytes. */
  readonly noisyImages: Uint8Array;
  /** Where the teacher was when they were made. */
  readonly teacherFolder: string;

  constructor(
    card: SoftLabelsCard,
    probabilities: Float32Array,
    noisyImages: Uint8Array,
    teacherFolder: string,
  ) {
    this.teacherFolder = teacherFolder;
    this.card = card;
    this.probabilities = probabilities;
    this.noisyImages = noisyImages;
  }

  /** The student's training set: clean images and noisy copies with their soft labels. */
  trainingSet(train: Dataset): TrainingSet {
    const { images, labels } = withCopies(train, this.noisyImages, this.card.noise.copies);
    const { classes } = this.card;
    return new TrainingSet({ shape: train.shape, classes, images, labels }, this.probabilities);
  }
}

export interface SoftLabelOptions {
  readonly data: DataSplits;
  /** The teacher's model folder. */
  readonly teacher: string;
  readonly temperature: number;
  readonly noise: NoiseOptions;
  /** Labels with an outlier class, to be learned at T = 1; absent: the teacher's probabilities. */
  readonly outlier?: OutlierOptions | undefined;
  /** The folder to write. */
  readonly out: string;
  /** @param done images so far, of all there are */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The digest of all that determines soft labels. */
export function softLabelInputsDigest(
  teacher: Pick<ModelCard, 'digest'>,
  train: Dataset,
  temperature: number,
  noise: NoiseOptions,
  outlier?: OutlierOptions,
): string {
  return digestOf({
    program: programVersion(),
    teacher: teacher.digest,
    data: train.digest,
    temperature,
    noise,
    ...(outlier && { outlier }),
  });
}

/**
 * Refuses more noisy copies than can be read back from one file.
 * @throws UserError `too-many-copies`
 */
export function checkNoiseCopies(train: Dataset, copies: number): void {
  const room = MAX_FILE_BYTES - HEADER_BYTES;
  const most = Math.min(
    Math.floor(room / (train.count * imageSize(train))),
    Math.floor(room / (train.count * train.classes * Float32Array.BYTES_PER_ELEMENT)) - 1,
  );
  if (copies <= most) return;
  throw new UserError(
    'too-many-copies',
    `${copies} noisy copies of ${train.count} images do not fit into a file of 2 GiB`,
    { hint: `use at most ${Math.max(0, most)} noisy copies, or fewer training images` },
  );
}

function meanEntropy(probabilities: Float32Array, rows: number): number {
  const total = probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  return total / rows;
}

function arraysDigest(probabilities: Float32Array, noisyImages: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = probabilities;
  return digestOf([sha256(new Uint8Array(buffer, byteOffset, byteLength)), sha256(noisyImages)]);
}

/**
 * Computes softmax(logits / T) of the training images and of their noisy copies with the
 * teacher, or labels with an outlier class, and keeps them in a folder.
 * @throws UserError when the teacher is no model folder or does not fit the data, `foreign-folder`
 *   when another folder is there, `too-many-copies`, `bad-plan`, `no-dropout`; UserError or RunError `unwritable`
 */
export async function makeSoftLabels(options: SoftLabelOptions): Promise<SoftLabels> {
  const { data, teacher, temperature, noise, outlier, out, onProgress } = options;
  const { train } = data;
  checkNoiseCopies(train, noise.copies);
  if (outlier) checkOutlierOptions(outlier, temperature);
  await checkFolder(out, SOFT_LABELS_FOLDER);
  const { card: teacherCard, model } = await loadModel(teacher);
  try {
    if (
      String(model.network.inputShape) !== String(train.shape) ||
      model.classes !== train.classes
    ) {
      throw new UserError(
        'foreign-model',
        `${teacher} was made for images of another shape, or for other classes`,
        {
          hint: `train a teacher on ${data.source} first`,
        },
      );
    }
    const noisyImages = noisyCopies(train, noise);
    const total = train.count * (1 + noise.copies);
    const whole = withCopies(train, noisyImages, noise.copies);
    const onBatch = (done: number) => onProgress?.(done, total);
    const probabilities = outlier
      ? outlierLabels(
          whole.labels,
          await dropoutUncertainties(model, whole, outlier, onBatch),
          train.classes,
          outlier.share,
        )
      : softmaxOf(await logitsOf(model, whole, onBatch), model.classes, temperature);
    const classes = probabilities.length / total;
    const card: SoftLabelsCard = {
      schema: SCHEMA,
      program: programVersion(),
      digest: arraysDigest(probabilities, noisyImages),
      inputsDigest: softLabelInputsDigest(teacherCard, train, temperature, noise, outlier),
      temperature,
      ...(outlier && { outlier: { ...outlier } }),
      noise: { ...noise },
      teacher: { folder: relative(out, teacher), digest: teacherCard.digest },
      data: { source: data.source, digest: train.digest, count: train.count },
      classes,
      meanEntropy: meanEntropy(probabilities, total),
    };
    const [height, width, channels] = train.shape;
    const dimensions = [
      train.count * noise.copies,
      height,
      width,
      ...(channels === 1 ? [] : [channels]),
    ];
    await writeFolderAtomically(out, SOFT_LABELS_FOLDER, async (folder) => {
      await writeFile(join(folder, LABELS), encodeNpy(probabilities, [total, classes]));
      if (noise.copies > 0) {
        await writeFile(join(folder, NOISY_IMAGES), encodeIdx(noisyImages, dimensions));
      }
      await writeFile(join(folder, CARD), `${JSON.stringify(card, null, 2)}\n`);
    });
    return new SoftLabels(card, probabilities, noisyImages, teacher);
  } finally {
    model.dispose();
  }
}

const MAKE_THEM = 'make the soft labels with the teacher as it is now';

/**
 * Reads only the card of a soft-label folder.
 * @throws UserError `no-soft-labels`, `bad-soft-labels`
 */
export async function readSoftLabelsCard(folder: string): Promise<SoftLabelsCard> {
  await restoreFolder(folder);
  const text = await readText(
    join(folder, CARD),
    (_, cause) =>
      new UserError('no-soft-labels', `there are no soft labels in ${folder}`, {
        hint: MAKE_THEM,
        cause,
      }),
    MAX_CARD_BYTES,
  );
  try {
    return cardSchema.parse(JSON.parse(text));
  } catch (cause) {
    const problem = `${join(folder, CARD)} is damaged or of another version`;
    throw new UserError('bad-soft-labels', problem, { hint: MAKE_THEM, cause });
  }
}

/**
 * Reads soft labels and checks that they belong to this data and to the teacher as it is now.
 * @throws UserError `no-soft-labels`, `bad-soft-labels`, `foreign-soft-labels` (made from other
 *   images), `stale-soft-labels` (the teacher has changed since)
 */
export async function readSoftLabels(folder: string, data: DataSplits): Promise<SoftLabels> {
  const card = await readSoftLabelsCard(folder);
  if (card.data.digest !== data.train.digest) {
    throw new UserError(
      'foreign-soft-labels',
      `the soft labels in ${folder} were made from other images (${card.data.count} of ${card.data.source})`,
      { hint: 'make them again from the same images, or train on the images they were made from' },
    );
  }
  const teacher = isAbsolute(card.teacher.folder)
    ? card.teacher.folder // on another drive
    : join(folder, card.teacher.folder);
  const teacherThere = await stat(teacher).catch(() => undefined);
  if (teacherThere && (await readModelCard(teacher)).digest !== card.teacher.digest) {
    throw new UserError(
      'stale-soft-labels',
      `the soft labels in ${folder} are stale: ${teacher} has been trained again since`,
      { hint: MAKE_THEM },
    );
  }
  const count = card.data.count * (1 + card.noise.copies);
  const unreadable = (problem: string, cause?: unknown) =>
    new UserError('bad-soft-labels', `${LABELS}: ${problem}`, { cause });
  try {
    const { values } = decodeNpy(await readRegular(join(folder, LABELS), unreadable));
    const noisy =
      card.noise.copies > 0 ? (await readIdx(join(folder, NOISY_IMAGES))).bytes : new Uint8Array();
    if (values.length !== count * card.classes) throw new Error('their number differs');
    if (arraysDigest(values, noisy) !== card.digest) throw new Error('their digest differs');
    return new SoftLabels(card, values, noisy, teacher);
  } catch (cause) {
    const problem = `the soft labels in ${folder} are damaged (${(cause as Error).message})`;
    throw new UserError('bad-soft-labels', problem, { hint: MAKE_THEM, cause });
  }
}

/**
 * Refuses to train a student at another temperature than its soft labels'.
 * @throws UserError `temperature-mismatch`
 */
export function checkStudentTemperature(card: SoftLabelsCard, temperature: number): void {
  if (card.temperature === temperature) return;
  throw new UserError(
    'temperature-mismatch',
    `the soft labels are softmax(logits / ${card.temperature}), the student would be fitted to them with softmax(logits / ${temperature}), so its logits would not grow as the method needs`,
    {
      hint: `use temperature ${card.temperature}, or allow the mismatch`,
    },
  );
}

/**
 * Refuses to soften a teacher's outputs by another temperature than it was trained at: from a
 * teacher trained at T = 1, softmax(logits / 40) is nearly the same for all classes.
 * @throws UserError `temperature-mismatch`
 */
export function checkTeacherTemperature(
  folder: string,
  teacher: Pick<ModelCard, 'temperature'>,
  temperature: number,
): void {
  if (teacher.temperature === temperature) return;
  throw new UserError(
    'temperature-mismatch',
    `${folder} was trained at T = ${teacher.temperature}, its outputs at T = ${temperature} are not what it learned`,
    {
      hint: `use temperature ${teacher.temperature}, or allow the mismatch`,
    },
  );
}
