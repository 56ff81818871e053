import { LOSSES } from '../attacks/index.ts';
import { isFixedBudget } from '../evaluation/index.ts';
import { attackKey } from './attack-identity.ts';
import type { Material } from './material.ts';
import { failureText } from './record-facts.ts';
import { sentence } from './text.ts';

/** The parts of a report for which the record has no data, one sentence each. */
export function missingParts({ record, cards }: Material): string[] {
  const { models, attacks, failures = [], data } = record;
  const missing: string[] = [];
  if (models.length < 2) {
    missing.push(
      'There is one model, so there is no comparison: evaluate a baseline together with it.',
    );
  }
  if (attacks.length === 0) {
    missing.push('No attack was run, so nothing is known about robustness: evaluate with attacks.');
  }
  missing.push(...failures.map((failure) => sentence(failureText(failure))));
  // Follow-ups are run on some models only.
  const planned = attacks.filter(({ isFollowUp }) => !isFollowUp);
  const kinds = new Set(planned.map(attackKey));
  for (const { name } of models) {
    const own = planned.filter(({ model, source }) => model === name || source === name).length;
    const failed = failures.filter(({ model }) => model === name).length;
    if (own + failed < kinds.size) {
      missing.push(
        `${name} was attacked with ${own} of ${kinds.size} attacks: the evaluation may have been interrupted.`,
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
  if (models.some(({ gaps }) => gaps.length === 0)) {
    missing.push('The scale of the logits was not measured on every model.');
  }
  if (attacks.every(isFixedBudget)) {
    missing.push(
      'No attack searched for the smallest perturbation: the presets standard and paper have such attacks.',
    );
  }
  const gone = models.filter(({ name }) => !cards.has(name));
  if (gone.length > 0) {
    missing.push(
      `No training curves of ${namesOf(gone)}: the model folder is gone or now holds another model.`,
    );
  }
  return missing;
}

const namesOf = (models: readonly { readonly name: string }[]): string =>
  models.map(({ name }) => name).join(', ');
