/** One attacked image, told by the predictions of every model: in the terminal and as PNG. */

import { argmax, row } from '../arrays.ts';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imageSize, imagesAsFloats } from '../data/index.ts';
import type { EvaluatedModel, EvaluationRecord } from '../evaluation/index.ts';
import { softmaxOf } from '../models/index.ts';
import { percent } from '../numbers.ts';
import { encodeGrid, perturbationPicture, pictureOf } from '../report/index.ts';
import { cropColumns, halfBlocks, perturbationBlocks } from './picture.ts';
import type { Terminal } from './terminal.ts';

/** What a model says of an image. */
interface Verdict {
  readonly what: string;
  readonly predicted: number;
  /** Of the predicted class at T = 1. */
  readonly probability: number;
}

export interface Story {
  readonly shape: readonly [number, number, number];
  readonly source: string;
  readonly label: number;
  /** Name of the model that the shown image was made to fool. */
  readonly model: string;
  readonly original: Float32Array;
  readonly attacked: Float32Array;
  readonly verdicts: readonly Verdict[];
}

/** Columns of a picture in the terminal; three fit into 80. */
const PICTURE_WIDTH = 24;

/**
 * The first image that the first model had right and lost to the attack (else the first image):
 * its prediction before and after, and those of the other models on the same attacked image and
 * on the one made for them.
 */
export function pickAttackExample(
  record: EvaluationRecord,
  models: readonly EvaluatedModel[],
  dataset: Dataset,
  candidates: ReadonlyMap<string, Float32Array>,
): Story {
  const attacks = record.attacks.filter(({ model }) => candidates.has(model));
  const [first] = attacks;
  const card = record.models.find(({ name }) => name === first.model) ?? record.models[0];
  const fell = first.success.findIndex((won, i) => {
    const position = first.positions[i];
    return won && card.predicted[position] === dataset.labels[position];
  });
  const shown = Math.max(0, fell);
  const position = first.positions[shown];
  const size = imageSize(dataset);
  const original = imagesAsFloats(dataset, [position]);
  const attackedFor = (model: string) => row(candidates.get(model) as Float32Array, shown, size);
  const attacked = attackedFor(first.model);
  const verdict = (model: string, what: string, image: Float32Array): Verdict => {
    const { classifier } = models.find((one) => one.classifier.name === model) as EvaluatedModel;
    return { what: `${model} on ${what}`, ...predict(classifier, image) };
  };
  return {
    shape: dataset.shape,
    source: `${dataset.name} ${dataset.indices[position]}`,
    label: dataset.labels[position],
    model: first.model,
    original,
    attacked,
    verdicts: [
      verdict(first.model, 'the clean image', original),
      verdict(first.model, 'the attacked image', attacked),
      ...attacks
        .slice(1)
        .flatMap(({ model }) => [
          verdict(model, 'the same attacked image', attacked),
          verdict(model, 'an image attacked for itself', attackedFor(model)),
        ]),
    ],
  };
}

function predict(classifier: EvaluatedModel['classifier'], image: Float32Array) {
  const logits = new Oracle(classifier).logits(image);
  const predicted = argmax(logits);
  return { predicted, probability: softmaxOf(logits, classifier.classes, 1)[predicted] };
}

function largestChange({ original, attacked }: Story): number {
  return original.reduce((most, value, i) => Math.max(most, Math.abs(attacked[i] - value)), 0);
}

const deltaOf = ({ original, attacked }: Story) => attacked.map((value, i) => value - original[i]);

/** The picture files of the story. */
export function attackExampleFiles(story: Story): Record<string, Uint8Array> {
  const { shape, original, attacked } = story;
  const change = perturbationPicture(deltaOf(story), [shape[0], shape[1]], largestChange(story));
  const grid = [[pictureOf(original, shape), change, pictureOf(attacked, shape)]];
  return { 'attacked.png': encodeGrid(grid) };
}

/** Original, perturbation and attacked image side by side, and what the models say. */
export function attackExampleText(story: Story, terminal: Terminal): string {
  const { shape, original, attacked, verdicts } = story;
  const lines: string[] = [];
  const [height, width, channels] = shape;
  if (channels === 1 && width <= 80) {
    const margin = Math.max(0, Math.ceil((width - PICTURE_WIDTH) / 2));
    const size = [height, width - 2 * margin] as const;
    const crop = <T extends Uint8Array | Float32Array>(values: T) =>
      cropColumns(values, [height, width], margin);
    const bytes = (values: Float32Array) => Uint8Array.from(values, (v) => Math.round(255 * v));
    const pictures = [
      halfBlocks(crop(bytes(original)), size, terminal),
      perturbationBlocks(crop(deltaOf(story)), largestChange(story), size, terminal),
      halfBlocks(crop(bytes(attacked)), size, terminal),
    ];
    const titles = ['original', 'perturbation', 'attacked'];
    lines.push(titles.map((title) => title.padEnd(size[1])).join('  '));
    pictures[0].forEach((_, i) => {
      lines.push(pictures.map((picture) => picture[i]).join('  '));
    });
    lines.push('');
  }
  lines.push(
    `${story.source}, true class ${story.label}; largest change of a pixel ${largestChange(story).toFixed(3)}`,
  );
  const widest = Math.max(...verdicts.map(({ what }) => what.length));
  for (const { what, predicted, probability } of verdicts) {
    const answer = `class ${predicted} (${percent(probability)})`;
    const color = predicted === story.label ? terminal.color.green : terminal.color.red;
    lines.push(`${what.padEnd(widest)}  ${color(answer)}`);
  }
  return lines.join('\n');
}
