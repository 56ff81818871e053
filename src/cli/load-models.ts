/** The models and images that `attack` and `evaluate` measure. */
import { basename, resolve } from 'node:path';
import { type Dataset, subset } from '../data/index.ts';
import { UserError } from '../errors.ts';
import type { EvaluatedModel } from '../evaluation/index.ts';
import { loadModel } from '../models/index.ts';

/** A model's name in tables and records: that of its folder. */
export function nameOfModel(folder: string): string {
  return basename(resolve(folder));
}

/**
 * Loads models, each named after its folder.
 * @throws UserError when one does not fit the data, two have one name, or as `loadModel`
 */
export async function loadModels(
  folders: readonly string[],
  dataset: Dataset,
): Promise<EvaluatedModel[]> {
  const models: EvaluatedModel[] = [];
  for (const folder of folders) {
    const name = nameOfModel(folder);
    if (models.some((model) => model.classifier.name === name)) {
      throw new UserError('bad-flag', `two models are named ${name}`, {
        hint: 'models are named after their folders: rename or copy one',
      });
    }
    const { card, model } = await loadModel(folder);
    const { inputShape, classes } = card.network;
    if (String(inputShape) !== String(dataset.shape) || classes !== dataset.classes) {
      throw new UserError(
        'foreign-model',
        `${folder} takes images of ${inputShape.join(' x ')} in ${classes} classes, ${dataset.name} has ${dataset.shape.join(' x ')} in ${dataset.classes}`,
        { hint: 'name another --model or --data' },
      );
    }
    models.push({
      classifier: model.classifier(name),
      folder,
      digest: card.digest,
      pixelRange: card.origin?.pixelRange.basis,
    });
  }
  return models;
}

/**
 * An index that a test image has.
 * @throws UserError `bad-flag` when there is no such image
 */
export function requireIndex({ count }: Dataset, index: number | undefined): number {
  if (index !== undefined && index < count) return index;
  throw new UserError('bad-flag', `there is no test image ${index}`, {
    hint: `--index goes from 0 to ${count - 1}`,
  });
}

/**
 * The images that an attack is run on: the first `samples`, or the one at `index`.
 * @throws UserError `bad-flag` when there is no such image
 */
export function imagesToAttack(dataset: Dataset, samples: number, index?: number): Dataset {
  const positions =
    index === undefined
      ? Uint32Array.from({ length: Math.min(samples, dataset.count) }, (_, i) => i)
      : Uint32Array.of(requireIndex(dataset, index));
  return subset(dataset, dataset.name, positions);
}
