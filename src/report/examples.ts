/** The attacked images that a record carries, as sprites: all images of one attack in one PNG. */
import {
  type AttackRecord,
  type EvaluationRecord,
  isFixedBudget,
  unpackImages,
} from '../evaluation/index.ts';
import { encodeGrid, type Picture, perturbationPicture, pictureOf } from './image-grid.ts';
import { primaryModel } from './summary.ts';
import { attackName } from './text.ts';

/** What one model says of one image. */
export interface Answer {
  readonly predicted: number;
  /** Probability of the predicted class at T = 1. */
  readonly confidence: number;
  /** The attack reached its goal on an image that the model had right. */
  readonly fooled: boolean;
}

/** One attack at one budget, against every model that was attacked with it. */
export interface Scene {
  /** Such as `fgsm softmax (Linf)`. */
  readonly attack: string;
  readonly eps: number;
  readonly models: readonly {
    readonly model: string;
    /** PNG of the attacked images in a row. */
    readonly attacked: Buffer;
    /** The same of the perturbations: red lighter, blue darker, full color at the largest change. */
    readonly change: Buffer;
    readonly answers: readonly Answer[];
  }[];
}

export interface ExampleSprites {
  /** Of one image. */
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** True class and place in the data set of each image. */
  readonly labels: readonly number[];
  readonly indices: readonly number[];
  /** PNG of the images in a row. */
  readonly originals: Buffer;
  /** What every model says of the images as they were. */
  readonly clean: ReadonlyMap<string, readonly Answer[]>;
  readonly scenes: readonly Scene[];
}

/** Attacks are taken in while their sprites stay below this; in base64 the page is below 2 MB. */
const MOST_BYTES = 1_000_000;

/** The examples of a record, or undefined where it carries none. */
export function examplesOf(record: EvaluationRecord): ExampleSprites | undefined {
  const { examples, labels, indices } = record.data;
  if (!examples) return undefined;
  const { shape } = examples;
  const size = shape[0] * shape[1] * shape[2];
  const attacked = record.attacks.filter(({ examples, target }) => examples && target === null);
  const count = attacked[0]?.examples?.confidence.length ?? 0;
  if (count === 0) return undefined;
  const picturesOf = (text: string) => split(unpackImages(text, count * size), size);
  const originals = picturesOf(examples.images);
  const scenes: Scene[] = [];
  let bytes = 0;
  for (const attack of byInterest(record, attacked)) {
    const together = attacked.filter(
      (one) => nameOf(one) === attack && one.examples?.confidence.length === count,
    );
    const added = budgets(together).map(
      (eps): Scene => ({
        attack,
        eps,
        models: together
          .filter((one) => one.eps === eps)
          .map((one) =>
            perModelOf(record, one, originals, picturesOf(one.examples?.images ?? ''), shape),
          ),
      }),
    );
    const more = added
      .flatMap(({ models }) => models)
      .reduce((sum, { attacked, change }) => sum + attacked.length + change.length, 0);
    if (bytes + more > MOST_BYTES) continue;
    bytes += more;
    scenes.push(...added);
  }
  if (scenes.length === 0) return undefined;
  const clean = new Map(
    record.models.map(({ name, predicted, examples }) => [
      name,
      (examples?.confidence ?? []).slice(0, count).map((confidence, i) => ({
        predicted: predicted[i],
        confidence,
        fooled: predicted[i] !== labels[i],
      })),
    ]),
  );
  return {
    width: shape[1],
    height: shape[0],
    count,
    labels: labels.slice(0, count),
    indices: indices.slice(0, count),
    originals: sprite(originals.map((image) => pictureOf(image, shape))),
    clean,
    scenes,
  };
}

const nameOf = (attack: AttackRecord): string => `${attackName(attack)} (${attack.norm})`;

const budgets = (attacks: readonly AttackRecord[]): number[] =>
  [...new Set(attacks.filter(isFixedBudget).map(({ eps }) => eps))].sort((a, b) => a - b);

/** Names of the attacks, the naive one first and then the strongest on the subject. */
function byInterest(record: EvaluationRecord, attacks: readonly AttackRecord[]): string[] {
  const subject = primaryModel(record)?.name;
  const fixed = attacks.filter(isFixedBudget).filter(({ targets }) => targets === null);
  const strength = new Map<string, number>();
  for (const attack of fixed.filter(({ model }) => model === subject)) {
    const name = nameOf(attack);
    strength.set(name, Math.min(strength.get(name) ?? 1, attack.robust.rate));
  }
  const naive = fixed.find(({ loss }) => loss === 'softmax');
  const names = [...new Set(fixed.map(nameOf))].sort(
    (a, b) => (strength.get(a) ?? 1) - (strength.get(b) ?? 1),
  );
  return naive ? [nameOf(naive), ...names.filter((name) => name !== nameOf(naive))] : names;
}

/** Images of `size` values each, in [0, 1]. */
function split(bytes: Uint8Array, size: number): Float32Array[] {
  return Array.from({ length: bytes.length / size }, (_, i) =>
    Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (byte) => byte / 255),
  );
}

const sprite = (pictures: readonly Picture[]): Buffer => encodeGrid([pictures], 1, 0);

function perModelOf(
  record: EvaluationRecord,
  attack: AttackRecord,
  originals: readonly Float32Array[],
  attacked: readonly Float32Array[],
  shape: readonly [number, number, number],
): Scene['models'][number] {
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
    answers: attacked.map((_, i) => ({
      predicted: attack.predicted[i],
      confidence: attack.examples?.confidence[i] ?? 0,
      fooled: attack.success[i] && clean[i] === record.data.labels[i],
    })),
  };
}
