/** The tables of a sweep: a row for each point, and a row for each trial. */
import { type Cell, NO_VALUE, numberCell, type Table, textCell } from '../table.ts';
import { metricText } from './charts.ts';
import type { MetricFacts, PointResult, Summary, SweepResults } from './results.ts';

type Scalar = string | number | boolean;

/** Short names for the heads of columns. */
const HEADS: Readonly<Record<string, string>> = {
  accuracy: 'clean',
  robust_accuracy: 'all attacks',
  naive_robust_accuracy: 'softmax attacks',
  logit_gap: 'logit gap',
  zero_gradients: 'zero gradients',
  validation_accuracy: 'validation',
};

const headOf = ({ name }: MetricFacts): string => HEADS[name] ?? name;

const valueCell = (value: Scalar): Cell =>
  typeof value === 'number' ? numberCell(value, String(value)) : textCell(String(value));

function summaryCell(metric: MetricFacts, summary: Summary | undefined): Cell {
  if (summary === undefined) return NO_VALUE;
  const { mean, low, high, count } = summary;
  const text = metricText(metric, mean);
  if (count < 2) return numberCell(mean, text);
  const note = `${metricText(metric, low)} to ${metricText(metric, high)}`;
  return { text, note, brief: text, value: mean };
}

/** How intervals over so many seeds are to be read. */
export function intervalNote({ seeds }: Pick<SweepResults, 'seeds'>): string {
  if (seeds.length < 2) return 'One seed: nothing is known of the spread.';
  return seeds.length < 3
    ? 'Two seeds: intervals go from the smaller to the larger value.'
    : `Intervals: 95 % of the mean over ${seeds.length} seeds (Student's t).`;
}

export function pointsTable(results: SweepResults): Table {
  const { parameters, metrics, points, best, front, objectives, seeds } = results;
  const unfinished = unfinishedIn(points);
  const rows = points.map(({ point, summary, trials }) => {
    return [
      ...parameters.map((name) => valueCell(point[name])),
      ...metrics.map((metric) => summaryCell(metric, summary[metric.name])),
      ...unfinished.map((how) => {
        const count = trials.filter(({ outcome }) => outcome === how).length;
        return numberCell(count, String(count));
      }),
    ];
  });
  const [objective] = objectives;
  const bold = front.length > 0 ? front : best === null ? [] : [best];
  const looked =
    front.length > 0
      ? `, in bold those that no other beats in ${objectives.map(({ name }) => name).join(' and ')}`
      : objective
        ? `, the best by ${objective.name} in bold`
        : '';
  return {
    id: 'points',
    caption: `Means over ${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`}${looked}`,
    columns: [...parameters, ...metrics.map(headOf), ...unfinished],
    rows,
    ...(bold.length > 0 && { totals: new Set(bold.map((i) => rows[i])) }),
  };
}

/** In which ways trials did not come to their end, those that happened. */
const unfinishedIn = (points: readonly PointResult[]) =>
  (['diverged', 'stopped'] as const).filter((how) =>
    points.some(({ trials }) => trials.some(({ outcome }) => outcome === how)),
  );

export function trialsTable({ parameters, metrics, points }: SweepResults): Table {
  return {
    id: 'trials',
    caption: 'Every trial, and the command that repeats it',
    columns: ['trial', ...parameters, 'seed', ...metrics.map(headOf), 'command'],
    rows: points.flatMap(({ point, trials }) =>
      trials.map((trial) => [
        textCell(trial.id),
        ...parameters.map((name) => valueCell(point[name])),
        numberCell(trial.seed, String(trial.seed)),
        ...metrics.map((metric) =>
          metric.name in trial.metrics
            ? numberCell(trial.metrics[metric.name], metricText(metric, trial.metrics[metric.name]))
            : textCell(trial.outcome),
        ),
        textCell(trial.command),
      ]),
    ),
    isDetail: true,
  };
}
