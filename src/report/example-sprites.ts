/** The attacked images that a record carries, as sprites: all images of one attack in one PNG. */
import { type AttackRecord, type EvaluationRecord, unpackImages } from '../evaluation/index.ts';
import { attackLabel, grouped, seriesKey } from './attack-identity.ts';
import { encodeGrid, type Picture, perturbationPicture, pictureOf } from './image-grid.ts';
import {
  answerNamesOf,
  exampleCount,
  type FixedBudgetAttack,
  primaryModel,
  untargetedAttacks,
} from './record-facts.ts';
import { distinct } from './text.ts';

/** The prediction of one model on one image. */
export interface Prediction {
  readonly predicted: number;
  /** Probability of the predicted class at T = 1. */
  readonly confidence: number;
}

/** The prediction on an attacked image. */
export interface AttackedPrediction extends Prediction {
  /** The attack reached its goal on an image that the model had right. */
  readonly isFooled: boolean;
}

/** The images of one attack at one budget, of the first and the primary model. */
export interface ExampleSet {
  /** Index in `attacks` of the sprites. */
  readonly attack: number;
  readonly eps: number;
  readonly perModel: readonly ModelExamples[];
}

export interface ModelExamples {
  readonly model: string;
  /** PNG of the attacked images in a row. */
  readonly attacked: Buffer;
  /** The same of the perturbations: red lighter, blue darker, full color at the largest change. */
  readonly change: Buffer;
  readonly predictions: readonly AttackedPrediction[];
}

export interface ExampleSprites {
  /** Of one image, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** True class and index in the data set of each image. */
  readonly labels: readonly number[];
  readonly indices: readonly number[];
  /** What each class is called, where the data say so. */
  readonly classNames: readonly string[] | undefined;
  /** PNG of the images in a row. */
  readonly originals: Buffer;
  /** The predictions of every model on the clean images. */
  readonly clean: ReadonlyMap<string, readonly Prediction[]>;
  /** Names of the attacks, such as `fgsm softmax (Linf)`. */
  readonly attacks: readonly string[];
  /** By attack, and by rising eps. */
  readonly sets: readonly ExampleSet[];
}

/** The two models that the cards compare, by name; the same where there is one. */
export interface ComparedModels {
  readonly first: string;
  readonly primary: string;
}

/** Index of the naive attack's largest eps. */
export const naiveSet = ({ sets }: ExampleSprites): number =>
  sets.findLastIndex(({ attack }) => attack === 0);

/**
 * Index of the set shown first, and to readers without JavaScript: the strongest attack at the naive
 * one's largest eps, else the naive one.
 */
export function initialSet(sprites: ExampleSprites): number {
  const naive = naiveSet(sprites);
  const { sets } = sprites;
  const strongest = sets.findIndex(({ attack, eps }) => attack > 0 && eps === sets[naive].eps);
  return strongest < 0 ? naive : strongest;
}

/** Attacks are included while their sprites stay below this; in base64 the page is below 1.5 MB. */
const MAX_BYTES = 850_000;

type AttackWithExamples = FixedBudgetAttack & {
  readonly examples: NonNullable<AttackRecord['examples']>;
};

/** The examples of a record, or undefined where it carries none. */
export function exampleSpritesOf(record: EvaluationRecord): ExampleSprites | undefined {
  const { examples, labels, indices } = record.data;
  if (!examples) return undefined;
  const { shape } = examples;
  const size = shape[0] * shape[1] * shape[2];
  const attacked = untargetedAttacks(record.attacks).filter(
    (attack): attack is AttackWithExamples => attack.examples !== undefined,
  );
  const count = exampleCount(record);
  if (count === 0) return undefined;
  const imagesOf = (text: string) => split(unpackImages(text, count * size), size);
  const originals = imagesOf(examples.images);
  const complete = attacked.filter(({ examples }) => examples.confidence.length === count);
  const compared = [record.models.at(0)?.name, primaryModel(record)?.name];
  const attacks: string[] = [];
  const sets: ExampleSet[] = [];
  let bytes = 0;
  for (const series of byInterest(record, complete)) {
    const budgets = distinct(series.map(({ eps }) => eps)).sort((a, b) => a - b);
    const added = budgets.map(
      (eps): ExampleSet => ({
        attack: attacks.length,
        eps,
        perModel: series
          .filter(({ eps: own, model }) => own === eps && compared.includes(model))
          .map((one) =>
            modelExamples(record, one, originals, imagesOf(one.examples.images), shape),
          ),
      }),
    );
    const more = added
      .flatMap(({ perModel }) => perModel)
      .reduce((sum, { attacked, change }) => sum + attacked.length + change.length, 0);
    if (bytes + more > MAX_BYTES) continue;
    bytes += more;
    attacks.push(`${attackLabel(series[0])} (${series[0].norm})`);
    sets.push(...added);
  }
  if (sets.length === 0) return undefined;
  const clean = new Map(
    record.models.map(({ name, predicted, examples }) => [
      name,
      (examples?.confidence ?? []).slice(0, count).map((confidence, i) => ({
        predicted: predicted[i],
        confidence,
      })),
    ]),
  );
  return {
    width: shape[1],
    height: shape[0],
    count,
    labels: labels.slice(0, count),
    indices: indices.slice(0, count),
    classNames: answerNamesOf(record),
    originals: sprite(originals.map((image) => pictureOf(image, shape))),
    clean,
    attacks,
    sets,
  };
}

/** The attacks, each at all its budgets: the naive one first, then the strongest on the primary model. */
function byInterest(
  record: EvaluationRecord,
  attacks: readonly AttackWithExamples[],
): AttackWithExamples[][] {
  const primary = primaryModel(record)?.name;
  const isNaive = (series: readonly FixedBudgetAttack[]) => series[0].loss === 'softmax';
  const leastAccuracy = (series: readonly FixedBudgetAttack[]) =>
    Math.min(
      1,
      ...series.filter(({ model }) => model === primary).map(({ robust }) => robust.rate),
    );
  const all = grouped(attacks, seriesKey);
  const naive = all.find(isNaive);
  const others = all
    .filter((series) => series !== naive)
    .sort((a, b) => leastAccuracy(a) - leastAccuracy(b));
  return naive ? [naive, ...others] : others;
}

/** Images of `size` values each, in [0, 1]. */
function split(bytes: Uint8Array, size: number): Float32Array[] {
  return Array.from({ length: bytes.length / size }, (_, i) =>
    Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (byte) => byte / 255),
  );
}

const sprite = (pictures: readonly Picture[]): Buffer => encodeGrid([pictures], 1, 0);

function modelExamples(
  record: EvaluationRecord,
  attack: AttackRecord,
  originals: readonly Float32Array[],
  attacked: readonly Float32Array[],
  shape: readonly [number, number, number],
): ModelExamples {
  const changes = attacked.map((image, i) => image.map((value, p) => value - originals[i][p]));
  const clean = record.models.find(({ name }) => name === attack.model)?.predicted ?? [];
  const [height, width] = shape;
  return {
    model: attack.model,
    attacked: sprite(attacked.map((image) => pictureOf(image, shape))),
    change: sprite(
      changes.map((change) => {
        const largest = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        return perturbationPicture(change, [height, width], largest);
      }),
    ),
    predictions: attacked.map((_, i) => ({
      predicted: attack.predicted[i],
      confidence: attack.examples?.confidence[i] ?? 0,
      isFooled: attack.success[i] && clean[i] === record.data.labels[i],
    })),
  };
}
