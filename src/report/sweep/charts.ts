/** The charts of a sweep: metrics over a parameter, and all parameters side by side. */
import { numberText, percent } from '../../numbers.ts';
import {
  type Axis,
  type Chart,
  type Line,
  lineChart,
  parallelChart,
  ticksOf,
} from '../charts/index.ts';
import { type ReportChart, SHARES } from '../record-charts.ts';
import { distinct } from '../text.ts';
import type { MetricFacts, PointResult, Summary, SweepResults } from './results.ts';

type Scalar = string | number | boolean;

/** The metrics that stand in one chart, and their colors. */
const GROUPS = [
  {
    file: 'accuracy',
    title: 'Accuracy',
    unit: 'share',
    lines: [
      { metric: 'accuracy', name: 'clean', hue: 1 },
      { metric: 'naive_robust_accuracy', name: 'under attacks on softmax', hue: 2 },
      { metric: 'robust_accuracy', name: 'under all attacks', hue: 3 },
    ],
  },
  {
    file: 'logit-gap',
    title: 'Gap between the two largest logits',
    unit: 'number',
    lines: [{ metric: 'logit_gap', name: 'median', hue: 4 }],
  },
  {
    file: 'zero-gradients',
    title: 'Images with a softmax gradient of zero',
    unit: 'share',
    lines: [{ metric: 'zero_gradients', name: 'share of images', hue: 5 }],
  },
] as const;

/** Past this ratio between its ends an axis counts in powers. */
const LOG_RATIO = 10;

/** Where the values of a parameter lie on the axis. */
interface Positions {
  readonly axis: Axis;
  of(value: Scalar): number;
}

export function positionsOf(label: string, values: readonly Scalar[]): Positions {
  const numbers = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  if (numbers.length < values.length) {
    const names = values.map(String);
    return {
      axis: {
        label,
        domain: [-0.5, names.length - 0.5],
        ticks: names.map((name, i) => ({ value: i, label: name })),
      },
      of: (value) => names.indexOf(String(value)),
    };
  }
  const [first, last] = [numbers[0], numbers[numbers.length - 1]];
  const isLog = first > 0 && last / first >= LOG_RATIO;
  const of = (value: number) => (isLog ? Math.log10(value) : value);
  const shown = numbers.length <= MOST_TICKS ? numbers : ticksBetween(first, last, isLog);
  return {
    axis: {
      label: isLog ? `${label} (logarithmic)` : label,
      domain: [of(first), of(last)],
      ticks: shown.map((value) => ({ value: of(value), label: numberText(value) })),
    },
    of: (value) => of(Number(value)),
  };
}

const MOST_TICKS = 10;

function ticksBetween(first: number, last: number, isLog: boolean): number[] {
  if (!isLog) return ticksOf(first, last);
  const [from, to] = [Math.ceil(Math.log10(first)), Math.floor(Math.log10(last))];
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => 10 ** (from + i));
}

/** A vertical axis of numbers, in powers where they are far apart. */
export function numberAxis(values: readonly number[]): Axis & { of(value: number): number } {
  const positive = values.filter((value) => value > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  if (positive.length === values.length && most / least >= LOG_RATIO) {
    const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
    const ticks = Array.from({ length: to - from + 1 }, (_, i) => ({
      value: from + i,
      label: numberText(10 ** (from + i)),
    }));
    return { label: '', domain: [from, to], ticks, of: Math.log10 };
  }
  const high = Math.max(1e-9, ...values) * 1.05;
  const low = Math.min(0, ...values);
  const ticks = ticksOf(low, high).map((value) => ({ value, label: numberText(value) }));
  return { label: '', domain: [low, high], ticks, of: (value) => value };
}

/** A metric of a point in words, such as `95.1 %`. */
export const metricText = ({ unit }: Pick<MetricFacts, 'unit'>, value: number): string =>
  unit === 'share' ? percent(value, 1) : numberText(value);

/** Points with a value of the parameter and of the metric. */
const withMetric = (points: readonly PointResult[], metric: string) =>
  points.flatMap(({ point, summary }): { point: PointResult['point']; summary: Summary }[] =>
    metric in summary ? [{ point, summary: summary[metric] }] : [],
  );

/** What the metrics do over one parameter: one chart for each group of them. */
export function parameterCharts(results: SweepResults, parameter: string): ReportChart[] {
  const values = distinct(results.points.map(({ point }) => point[parameter]));
  const x = positionsOf(parameter, values);
  // Where other parameters vary too, a line through points would be one through different things.
  const isAlone = results.parameters.length === 1;
  return GROUPS.flatMap((group): ReportChart[] => {
    const found = group.lines.map((line) => ({
      ...line,
      points: withMetric(results.points, line.metric),
    }));
    const all = found.flatMap(({ points }) => points.map(({ summary }) => summary));
    if (all.length === 0) return [];
    const y =
      group.unit === 'share'
        ? { label: '', ...SHARES, of: (value: number) => value }
        : numberAxis(all.flatMap(({ low, high }) => [low, high]));
    const [bottom, top] = y.domain;
    const within = (value: number) => Math.min(top, Math.max(bottom, y.of(value)));
    const lines: Line[] = found.map(({ name, hue, points }) => ({
      name,
      hue,
      ...(!isAlone && { isDots: true }),
      points: points
        .map(({ point, summary: { mean, low, high, count } }) => ({
          x: x.of(point[parameter]),
          y: y.of(mean),
          ...(isAlone && count > 1 && { low: within(low), high: within(high) }),
          tip: `${parameter} ${point[parameter]}: ${name} ${metricText(group, mean)} (${metricText(group, low)} to ${metricText(group, high)})`,
        }))
        .sort((a, b) => a.x - b.x),
    }));
    const chart: Chart = lineChart(
      group.title,
      `${group.title} over ${parameter}, mean over ${results.seeds.length} seeds with its interval`,
      x.axis,
      y,
      lines,
    );
    return [{ file: `${parameter}-${group.file}`, chart }];
  });
}

/** A line for each point across an axis for each parameter and the metric that is looked for. */
export function parallelCharts(results: SweepResults): ReportChart[] {
  const { parameters, points } = results;
  const [objective] = results.objectives;
  if (parameters.length < 2) return [];
  const metric = objective?.name ?? 'robust_accuracy';
  const shown = withMetric(points, metric);
  if (shown.length === 0) return [];
  const sign = objective?.goal === 'minimize' ? -1 : 1;
  const ranked = [...shown].sort((a, b) => sign * (b.summary.mean - a.summary.mean));
  const axes = parameters.map((parameter) => {
    const x = positionsOf(parameter, distinct(points.map(({ point }) => point[parameter])));
    return {
      label: parameter,
      domain: x.axis.domain,
      ticks: x.axis.ticks,
      of: ({ point }: (typeof shown)[number]) => x.of(point[parameter]),
    };
  });
  const facts = results.metrics.find(({ name }) => name === metric);
  const means = shown.map(({ summary }) => summary.mean);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const last = {
    label: metric,
    domain: [least, most] as const,
    ticks: ticksOf(least, most).map((value) => ({
      value,
      label: metricText(facts ?? { unit: 'number' }, value),
    })),
    of: ({ summary }: (typeof shown)[number]) => summary.mean,
  };
  const chart = parallelChart(
    'All parameters side by side',
    `one line for each of ${shown.length} points; the best quarter in color`,
    [...axes, last].map(({ label, domain, ticks }) => ({ label, domain, ticks })),
    ranked.map((one, rank) => ({
      places: [...axes, last].map((axis) => axis.of(one)),
      isBest: rank < Math.ceil(ranked.length / 4),
      tip: `${parameters.map((name) => `${name} ${one.point[name]}`).join(', ')}: ${metricText(facts ?? { unit: 'number' }, one.summary.mean)}`,
    })),
  );
  return [{ file: 'parallel-coordinates', chart }];
}

/** Two goals against each other: every point, and a line through those that no other beats. */
export function frontCharts(results: SweepResults): ReportChart[] {
  const { objectives, points, front, metrics } = results;
  const [first, second] = objectives.map(({ name }) => metrics.find((one) => one.name === name));
  if (!first || !second || front.length === 0) return [];
  const place = ({ summary, point }: PointResult) => ({
    x: summary[first.name].mean,
    y: summary[second.name].mean,
    tip: `${Object.entries(point)
      .map(([name, value]) => `${name} ${value}`)
      .join(
        ', ',
      )}: ${metricText(first, summary[first.name].mean)}, ${metricText(second, summary[second.name].mean)}`,
  });
  const done = points.filter(({ summary }) => first.name in summary).map(place);
  const best = front.map((i) => place(points[i])).sort((a, b) => a.x - b.x);
  const axis = (metric: MetricFacts, values: readonly number[]): Axis => {
    const domain = [Math.min(...values), Math.max(...values)] as const;
    const ticks = ticksOf(...domain).map((value) => ({ value, label: metricText(metric, value) }));
    return { label: metric.name, domain, ticks };
  };
  const chart = lineChart(
    `${second.name} over ${first.name}`,
    `${done.length} points, ${best.length} of them on the front`,
    axis(
      first,
      done.map(({ x }) => x),
    ),
    axis(
      second,
      done.map(({ y }) => y),
    ),
    [
      { name: 'points', hue: 6, isDots: true, points: done },
      { name: 'no other is better in both', hue: 2, points: best },
    ],
  );
  return [{ file: 'front', chart }];
}
