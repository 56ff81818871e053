/** The models of an evaluation: folders, and classifiers that are in memory already. */
import { basename, resolve } from 'node:path';
import type { Dataset } from '../data/index.ts';
import { UserError } from '../errors.ts';
import type { EvaluatedModel } from '../evaluation/index.ts';
import { type Classifier, dataClasses, fingerprint, loadModel } from '../models/index.ts';

/** A model's name in tables and records: that of its folder. */
export function nameOfModel(folder: string): string {
  return basename(resolve(folder));
}

export interface EvaluatedModels {
  readonly models: readonly EvaluatedModel[];
  /** Frees the weights of those that were loaded from folders. */
  dispose(): void;
}

async function evaluatedModel(
  model: string | Classifier,
  bpda: readonly string[],
): Promise<EvaluatedModel & { dispose(): void }> {
  if (typeof model !== 'string') {
    const digest = await fingerprint(model);
    return { classifier: model, folder: '', digest, dispose: () => {} };
  }
  const { card, model: loaded } = await loadModel(model);
  const own = bpda.filter((name) => loaded.network.layers.some((layer) => layer.name === name));
  return {
    classifier: loaded.classifier(nameOfModel(model), own),
    folder: model,
    digest: card.digest,
    ...(own.length > 0 && { bpda: own }),
    pixelRange: card.origin?.pixelRange.basis,
    dispose: () => loaded.dispose(),
  };
}

/** @throws UserError `foreign-model` when the model takes other images than these */
export function checkFit(
  { classifier, folder }: Pick<EvaluatedModel, 'classifier' | 'folder'>,
  dataset: Dataset,
): void {
  const { inputShape, name } = classifier;
  const classes = dataClasses(classifier);
  if (String(inputShape) === String(dataset.shape) && classes === dataset.classes) return;
  throw new UserError(
    'foreign-model',
    `${folder || name} takes images of ${inputShape.join(' x ')} in ${classes} classes, ${dataset.name} has ${dataset.shape.join(' x ')} in ${dataset.classes}`,
    { hint: 'choose another model, or other data' },
  );
}

/** @throws UserError `bad-plan` for a layer that no model has */
function checkLayers(models: readonly EvaluatedModel[], bpda: readonly string[]): void {
  const missing = bpda.find((name) => !models.some((one) => one.bpda?.includes(name)));
  if (missing === undefined) return;
  throw new UserError('bad-plan', `no model here has a layer named ${missing}`, {
    hint: 'inspect a model to see the names of its layers',
  });
}

/**
 * Loads the models that are folders, each named after its folder, and checks that all fit the data.
 * @param bpda layers whose gradient is taken to be the identity's, in those models that have them
 * @throws UserError `foreign-model`, `same-name`, `bad-plan`, or as `loadModel`
 */
export async function openModels(
  models: readonly (string | Classifier)[],
  dataset: Dataset,
  bpda: readonly string[] = [],
): Promise<EvaluatedModels> {
  const opened: (EvaluatedModel & { dispose(): void })[] = [];
  const dispose = () => {
    for (const one of opened) one.dispose();
  };
  try {
    for (const given of models) {
      const name = typeof given === 'string' ? nameOfModel(given) : given.name;
      if (opened.some(({ classifier }) => classifier.name === name)) {
        throw new UserError('same-name', `two models are named ${name}`, {
          hint: 'models are named after their folders: rename or copy one',
        });
      }
      const model = await evaluatedModel(given, bpda);
      opened.push(model);
      checkFit(model, dataset);
    }
    checkLayers(opened, bpda);
  } catch (error) {
    dispose();
    throw error;
  }
  return { models: opened, dispose };
}
