/** The metrics of a trial: what of an evaluation a sweep looks at. Each stands here once. */
import { type EvaluationRecord, medianGap, worstCase } from '../evaluation/index.ts';
import type { ModelCard } from '../models/index.ts';
import type { TrialSettings } from './trial.ts';

/** What a trial measured of its student. */
export interface Measured {
  readonly card: ModelCard;
  readonly record: EvaluationRecord;
}

/** With the Linf budget of the attacks. */
interface MeasuredWithin extends Measured {
  readonly eps: number;
}

interface Metric {
  /** What it is, for people; `eps` is put in where the budget matters. */
  readonly title: string;
  /** `share`: from 0 to 1. */
  readonly unit: 'share' | 'number';
  /** Which way is better; undefined where neither is. */
  readonly goal?: 'maximize' | 'minimize';
  /** Whether it is about the attacks of sweeps: a trial with others does not have it. */
  readonly isOfSweeps?: true;
  of(measured: MeasuredWithin): number;
}

/** Worst case of the student over its attacks that pass `counts`. */
function robust(
  { record, eps }: MeasuredWithin,
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
    isOfSweeps: true,
    of: (measured) => robust(measured, () => true),
  },
  naive_robust_accuracy: {
    title: 'accuracy under attacks on the softmax loss alone',
    unit: 'share',
    isOfSweeps: true,
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

/** The metrics of a trial that was done. */
export function metricsOf(
  measured: Measured,
  { eps, paper }: Pick<TrialSettings, 'eps' | 'paper'>,
): Record<string, number> {
  const all: readonly [string, Metric][] = Object.entries(METRICS);
  const own = all.filter(([, { isOfSweeps }]) => paper === undefined || !isOfSweeps);
  return Object.fromEntries(own.map(([name, metric]) => [name, metric.of({ ...measured, eps })]));
}
