/** The metrics of a trial: what of an evaluation a sweep looks at. Each stands here once. */
import { type EvaluationRecord, medianGap, worstCase } from '../evaluation/index.ts';
import type { ModelCard } from '../models/index.ts';

/** What a trial measured of its student. */
export interface Measured {
  readonly card: ModelCard;
  readonly record: EvaluationRecord;
  /** Budget in Linf. */
  readonly eps: number;
}

interface Metric {
  /** What it is, for people; `eps` is put in where the budget matters. */
  readonly title: string;
  /** `share`: from 0 to 1. */
  readonly unit: 'share' | 'number';
  /** Which way is better; undefined where neither is. */
  readonly goal?: 'maximize' | 'minimize';
  of(measured: Measured): number;
}

/** Worst case of the student over its attacks that pass `counts`. */
function robust(
  { record, eps }: Measured,
  counts: (attack: EvaluationRecord['attacks'][number]) => boolean,
): number {
  const [model] = record.models;
  return worstCase(model, record.attacks.filter(counts), record.data.labels, { norm: 'Linf', eps })
    .rate;
}

export const METRICS = {
  accuracy: {
    title: 'accuracy on clean test images',
    unit: 'share',
    goal: 'maximize',
    of: ({ record }) => record.models[0].accuracy.rate,
  },
  robust_accuracy: {
    title: 'accuracy under all attacks together',
    unit: 'share',
    goal: 'maximize',
    of: (measured) => robust(measured, () => true),
  },
  naive_robust_accuracy: {
    title: 'accuracy under attacks on the softmax loss alone',
    unit: 'share',
    of: (measured) => robust(measured, ({ loss }) => loss === 'softmax'),
  },
  logit_gap: {
    title: 'median gap between the two largest logits',
    unit: 'number',
    of: ({ record }) => medianGap(record.models[0].gaps),
  },
  zero_gradients: {
    title: 'images whose softmax-loss gradient is exactly zero',
    unit: 'share',
    of: ({ record }) =>
      record.models[0].gradients.find(({ loss }) => loss === 'softmax')?.zero.rate ?? 0,
  },
  validation_accuracy: {
    title: 'accuracy on validation images at the end of training',
    unit: 'share',
    goal: 'maximize',
    of: ({ card }) => card.history.at(-1)?.validationAccuracy ?? 0,
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** Every metric of a trial that was done. */
export type Metrics = Readonly<Record<MetricName, number>>;

export const metricsOf = (measured: Measured): Metrics =>
  Object.fromEntries(METRIC_NAMES.map((name) => [name, METRICS[name].of(measured)])) as Metrics;
