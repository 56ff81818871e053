/** `results.json`: every figure of the report for programs, without the per-example outcomes. */
import type { Figure } from './figures.ts';
import type { Material } from './material.ts';
import { missingParts } from './missing.ts';
import { verdict } from './verdict.ts';

export const RESULTS_SCHEMA = 'distill-results/1';

export function results({ record, cards }: Material, figures: readonly Figure[]) {
  const { models, attacks, data, ...rest } = record;
  return {
    ...rest,
    schema: RESULTS_SCHEMA,
    record: record.schema,
    verdict: verdict(record),
    missing: missingParts({ record, cards }),
    data: { name: data.name, digest: data.digest, images: data.labels.length },
    models: models.map(({ predicted, examples, ...model }) => ({
      ...model,
      settings: cards.get(model.name)?.settings ?? null,
      history: cards.get(model.name)?.history ?? null,
    })),
    attacks: attacks.map(
      ({ predicted, distance, success, legal, positions, targets, examples, ...attack }) => ({
        ...attack,
        images: attack.robust.total,
        successes: success.filter(Boolean).length,
        illegal: legal.filter((isLegal) => !isLegal).length,
      }),
    ),
    charts: figures.map(({ file, chart }) => ({
      file: `charts/${file}.svg`,
      title: chart.title,
      description: chart.description,
    })),
  };
}
