/** The results of a sweep: its table, with summaries over seeds. */
import { type PointResult, SWEEP_RESULTS_SCHEMA, type SweepResults } from '../report/index.ts';
import { programVersion } from '../version.ts';
import type { Objective, SweepDefinition } from './definition.ts';
import { METRIC_NAMES, METRICS } from './metrics.ts';
import { paretoFront } from './pareto.ts';
import { seedInterval } from './seed-interval.ts';
import type { SweepPoint } from './sweep.ts';

/** What a sweep says of itself besides its points. */
export interface SweepFacts
  extends Pick<SweepResults, 'command' | 'data' | 'eps' | 'samples' | 'parameters'> {
  /** Arguments as text that a shell reads back. */
  commandText(words: readonly string[]): string;
}

function pointResult({ point, trials }: SweepPoint, { commandText }: SweepFacts): PointResult {
  const done = trials.filter(({ run }) => run.outcome === 'done');
  const summary =
    done.length === 0
      ? []
      : METRIC_NAMES.map((name) => [name, seedInterval(done.map(({ run }) => run.metrics[name]))]);
  return {
    point,
    trials: trials.map(({ seed, run: { id, outcome, metrics, digests, command } }) => ({
      id,
      seed,
      outcome,
      metrics,
      digests,
      command: commandText(command),
    })),
    summary: Object.fromEntries(summary),
  };
}

/** Index of the best point; null where none came to an end. The first of several equal ones. */
export function bestOf(points: readonly PointResult[], { name, goal }: Objective): number | null {
  const sign = goal === 'maximize' ? 1 : -1;
  let best: number | null = null;
  let most = Number.NEGATIVE_INFINITY;
  points.forEach(({ summary }, i) => {
    const value = sign * (summary[name]?.mean ?? Number.NaN);
    if (value > most) [best, most] = [i, value];
  });
  return best;
}

/** Indices of the points that no other beats in all goals. */
const frontOf = (points: readonly PointResult[], objectives: readonly Objective[]): number[] =>
  paretoFront(
    points.map(({ summary }) =>
      'accuracy' in summary
        ? objectives.map(({ name, goal }) => summary[name].mean * (goal === 'maximize' ? 1 : -1))
        : undefined,
    ),
  );

export function sweepResults(
  { method, objectives, seeds }: SweepDefinition,
  points: readonly SweepPoint[],
  facts: SweepFacts,
): SweepResults {
  const { command, data, eps, samples, parameters } = facts;
  const results = points.map((point) => pointResult(point, facts));
  return {
    schema: SWEEP_RESULTS_SCHEMA,
    program: programVersion(),
    command,
    method,
    objectives,
    parameters,
    data,
    eps,
    samples,
    seeds,
    metrics: METRIC_NAMES.map((name) => ({
      name,
      title: METRICS[name].title,
      unit: METRICS[name].unit,
    })),
    points: results,
    best: objectives.length > 0 ? bestOf(results, objectives[0]) : null,
    front: objectives.length > 1 ? frontOf(results, objectives) : [],
  };
}
