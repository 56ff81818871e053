/** `results.json`: every metric of the report for programs, without the per-example outcomes. */

import {
  gapHistogram,
  type ModelRecord,
  magnitudeHistogram,
  medianGap,
} from '../evaluation/index.ts';
import { answerOf, withAnswer } from './answer.ts';
import { quantileOf, queriesOfWins } from './attack-tables.ts';
import type { Material } from './material.ts';
import { missingParts } from './missing.ts';
import type { ReportChart } from './record-charts.ts';
import { summarize } from './summary.ts';

const ratesOf = ({ repeated, ...rates }: ModelRecord['answers']) => rates;

/** The smallest budgets of the images without the images, rising. */
const sortedCurve = ({ budgets, ...curve }: NonNullable<ModelRecord['curves']>[number]) => ({
  ...curve,
  budgets: budgets.toSorted((a, b) => (a ?? Infinity) - (b ?? Infinity)),
});

const RESULTS_SCHEMA = 'distill-results/2';

export function results(material: Material, charts: readonly ReportChart[]) {
  const { record, cards } = material;
  const { models, attacks, data, answer, certificates, ...rest } = withAnswer(record);
  return {
    answer,
    ruling: answerOf(record),
    ...rest,
    schema: RESULTS_SCHEMA,
    record: record.schema,
    summary: summarize(record),
    missing: missingParts(material),
    data: { name: data.name, digest: data.digest, images: data.labels.length },
    models: models.map(({ predicted, examples, gaps, answers, gradients, curves, ...model }) => ({
      ...model,
      ...(curves && { curves: curves.map(sortedCurve) }),
      answers: { ...ratesOf(answers), medianGap: medianGap(gaps) },
      gradients: gradients.map(({ largest, wrongPixels, ...rates }) => ({
        ...rates,
        histogram: magnitudeHistogram(largest),
      })),
      logitGaps: gapHistogram(gaps),
      settings: cards.get(model.name)?.settings ?? null,
      history: cards.get(model.name)?.history ?? null,
    })),
    attacks: attacks.map(
      ({
        predicted,
        distance,
        success,
        legal,
        positions,
        targets,
        queries,
        examples,
        ...attack
      }) => ({
        ...attack,
        images: attack.robust.total,
        successes: success.filter(Boolean).length,
        illegal: legal.filter((isLegal) => !isLegal).length,
        ...(queries && { medianQueries: quantileOf(queriesOfWins(success, queries), 0.5) ?? null }),
      }),
    ),
    ...(certificates && {
      certificates: certificates.map(({ outcomes, ...one }) => ({
        ...one,
        open: outcomes.filter((outcome) => outcome === 'open').length,
      })),
    }),
    charts: charts.map(({ file, chart }) => ({
      file: `charts/${file}.svg`,
      title: chart.title,
      description: chart.description,
    })),
  };
}
