import { LOSSES } from '../attacks/index.ts';
import { isFixedBudget, nameOfAttack } from '../evaluation/index.ts';
import type { Material } from './material.ts';

/** What a report could show and this record has nothing for, a sentence of Markdown each. */
export function missingParts({ record, cards }: Material): string[] {
  const { models, attacks, data } = record;
  const missing: string[] = [];
  if (models.length < 2) {
    missing.push(
      'There is one model, so nothing to compare it with: evaluate a baseline beside it.',
    );
  }
  if (attacks.length === 0) {
    missing.push(
      'No attack was run, so nothing is known about robustness: run `distill evaluate` without `--attacks`.',
    );
  }
  const kinds = new Set(attacks.map(nameOfAttack));
  for (const { name } of models) {
    const own = attacks.filter(({ model, source }) => model === name || source === name).length;
    if (own < kinds.size) {
      missing.push(
        `${name} was attacked ${own} times where others were ${kinds.size} times: the evaluation may have been interrupted.`,
      );
    }
  }
  const unmeasured = models.filter(({ gradients }) => gradients.length < LOSSES.length);
  if (unmeasured.length > 0) {
    missing.push(`Input gradients were not all measured on ${namesOf(unmeasured)}.`);
  }
  if (!data.examples || attacks.every(({ examples }) => !examples)) {
    missing.push('The record carries no example images.');
  }
  if (models.some(({ logitGaps }) => !logitGaps)) {
    missing.push('The record has no scale of the logits for every model.');
  }
  if (!attacks.some((attack) => !isFixedBudget(attack))) {
    missing.push(
      'No attack looked for the smallest perturbation: the presets `standard` and `paper` do.',
    );
  }
  const gone = models.filter(({ name }) => !cards.has(name));
  if (gone.length > 0) {
    missing.push(
      `No training curves of ${namesOf(gone)}: the model folder is gone or holds another model by now.`,
    );
  }
  return missing;
}

const namesOf = (models: readonly { readonly name: string }[]): string =>
  models.map(({ name }) => name).join(', ');
