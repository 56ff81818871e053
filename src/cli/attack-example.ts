/** One attacked image with the predictions of every model, in the terminal and as PNG. */

import { argmax, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imageSize, imagesAsFloats } from '../data/index.ts';
import type { EvaluatedModel, EvaluationRecord } from '../evaluation/index.ts';
import { type Classifier, softmaxOf } from '../models/index.ts';
import { answerNames, classText, percent } from '../numbers.ts';
import { encodeGrid, perturbationPicture, pictureOf } from '../report/index.ts';
import {
  halfBlocks,
  meanOf,
  perturbationBlocks,
  strongestOf,
  thumbnail,
  toBytes,
} from './picture.ts';
import type { Terminal } from './terminal.ts';

/** What a model predicts for one image. */
interface Prediction {
  /** The model and the image, such as `student on the clean image`. */
  readonly what: string;
  readonly predicted: number;
  /** Of the predicted class at T = 1. */
  readonly probability: number;
}

export interface AttackExample {
  /** Height, width and channels. */
  readonly shape: readonly [number, number, number];
  readonly source: string;
  readonly label: number;
  /** What each class is called, where the data say so. */
  readonly classNames: readonly string[] | undefined;
  /** Name of the model that the shown image was made to fool. */
  readonly model: string;
  /** `height * width * channels` pixel values in [0, 1]. */
  readonly original: Float32Array;
  readonly attacked: Float32Array;
  readonly predictions: readonly Prediction[];
}

/** Columns of a picture in the terminal; three fit into 80. */
const PICTURE_WIDTH = 24;

/**
 * The first image that the first model classified correctly until it was attacked (else the first
 * image): the model's prediction before and after, and the other models' predictions for the same
 * attacked image and for the one made to fool them.
 * @param candidates attacked images of each model, in the order of its attack record's positions
 */
export async function pickAttackExample(
  { attacks, models: cards }: Pick<EvaluationRecord, 'attacks' | 'models'>,
  models: readonly EvaluatedModel[],
  dataset: Dataset,
  candidates: ReadonlyMap<string, Float32Array>,
): Promise<AttackExample> {
  const attacked = attacks.flatMap((attack) => {
    const images = candidates.get(attack.model);
    const model = models.find(({ classifier }) => classifier.name === attack.model);
    return images && model ? [{ ...attack, images, classifier: model.classifier }] : [];
  });
  const [first, ...others] = attacked;
  const cleanPredictions = cards.find(({ name }) => name === first.model)?.predicted ?? [];
  const shown = Math.max(
    0,
    first.success.findIndex((succeeded, i) => {
      const position = first.positions[i];
      return succeeded && cleanPredictions[position] === dataset.labels[position];
    }),
  );
  const position = first.positions[shown];
  const original = imagesAsFloats(dataset, [position]);
  const attackedFor = ({ images }: (typeof attacked)[number]) =>
    row(images, shown, imageSize(dataset));
  const prediction = async (
    classifier: Classifier,
    what: string,
    image: Float32Array,
  ): Promise<Prediction> => ({
    what: `${classifier.name} on ${what}`,
    ...(await predict(classifier, image)),
  });
  const predictions = [
    await prediction(first.classifier, 'the clean image', original),
    await prediction(first.classifier, 'the attacked image', attackedFor(first)),
  ];
  for (const other of others) {
    predictions.push(
      await prediction(other.classifier, 'the same attacked image', attackedFor(first)),
      await prediction(other.classifier, 'an image attacked for itself', attackedFor(other)),
    );
  }
  return {
    shape: dataset.shape,
    source: `${dataset.name} ${dataset.indices[position]}`,
    label: dataset.labels[position],
    classNames: answerNames(
      dataset.classNames,
      dataset.classes,
      Math.max(...models.map(({ classifier }) => classifier.classes)),
    ),
    model: first.model,
    original,
    attacked: attackedFor(first),
    predictions,
  };
}

async function predict(classifier: Classifier, image: Float32Array) {
  const logits = await new Oracle(classifier).logits(image);
  const predicted = argmax(logits);
  return { predicted, probability: softmaxOf(logits, classifier.classes, 1)[predicted] };
}

function largestChange({ original, attacked }: AttackExample): number {
  return original.reduce((most, value, i) => Math.max(most, Math.abs(attacked[i] - value)), 0);
}

const deltaOf = ({ original, attacked }: AttackExample) =>
  attacked.map((value, i) => value - original[i]);

/** The picture files of the example. */
export function attackExampleFiles(example: AttackExample): Record<string, Uint8Array> {
  const { shape, original, attacked } = example;
  const change = perturbationPicture(
    deltaOf(example),
    [shape[0], shape[1]],
    largestChange(example),
  );
  const grid = [[pictureOf(original, shape), change, pictureOf(attacked, shape)]];
  return { 'attacked.png': encodeGrid(grid) };
}

/** Original, perturbation and attacked image side by side, and the predictions of the models. */
export function attackExampleText(example: AttackExample, terminal: Terminal): string {
  const { shape, original, attacked, predictions } = example;
  const lines: string[] = [];
  const named = (c: number) => classText(c, example.classNames);
  const small = (values: Float32Array, combine = meanOf) =>
    thumbnail(values, shape, PICTURE_WIDTH, combine);
  const picture = (values: Float32Array) => {
    const { values: shown, shape: size } = small(values);
    return halfBlocks(toBytes(shown), size, terminal);
  };
  const change = small(deltaOf(example), strongestOf);
  const pictures = [
    picture(original),
    perturbationBlocks(change, largestChange(example), terminal),
    picture(attacked),
  ];
  const titles = ['original', 'perturbation', 'attacked'];
  const width = change.shape[1];
  lines.push(titles.map((title) => title.padEnd(width)).join('  '));
  pictures[0].forEach((_, i) => {
    lines.push(pictures.map((rows) => rows[i]).join('  '));
  });
  lines.push('');
  lines.push(
    `${example.source}, true class ${named(example.label)}; largest change of a pixel ${largestChange(example).toFixed(3)}`,
  );
  const widest = Math.max(...predictions.map(({ what }) => what.length));
  for (const { what, predicted, probability } of predictions) {
    const answer = `class ${named(predicted)} (${percent(probability)})`;
    const color = predicted === example.label ? terminal.color.green : terminal.color.red;
    lines.push(`${what.padEnd(widest)}  ${color(answer)}`);
  }
  return lines.join('\n');
}
