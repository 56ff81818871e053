/** What a sweep found, in sentences. */
import { counted, numberText } from '../../numbers.ts';
import { metricText } from './charts.ts';
import type { PointResult, SweepResults } from './results.ts';

/** A point in words, such as `temperature 20, epochs 3`. */
export const pointText = ({ point }: Pick<PointResult, 'point'>): string =>
  Object.entries(point)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || 'the only point';

/** What the two ends of one numeric parameter differ in. */
function endsSentence({ parameters, points, metrics }: SweepResults): string[] {
  const [parameter] = parameters;
  const numeric = points.filter(
    ({ point, summary }) => typeof point[parameter] === 'number' && 'accuracy' in summary,
  );
  if (parameters.length !== 1 || numeric.length < 2) return [];
  const sorted = [...numeric].sort(
    (a, b) => Number(a.point[parameter]) - Number(b.point[parameter]),
  );
  const [first, last] = [sorted[0], sorted[sorted.length - 1]];
  const change = (name: string) => {
    const metric = metrics.find((one) => one.name === name) ?? { unit: 'number' };
    const at = ({ summary }: PointResult) => metricText(metric, summary[name].mean);
    return `from ${at(first)} to ${at(last)}`;
  };
  return [
    `From ${parameter} ${first.point[parameter]} to ${last.point[parameter]}, accuracy under attacks on softmax goes ${change('naive_robust_accuracy')}, under all attacks ${change('robust_accuracy')}.`,
    `On clean images it goes ${change('accuracy')}. The share of images whose softmax gradient is exactly zero goes ${change('zero_gradients')}, the gap between the two largest logits ${change('logit_gap')}.`,
  ];
}

/** The headline, and the sentences below it. */
export function sweepSentences(results: SweepResults): string[] {
  const { points, objectives, best, front, metrics, seeds, eps, samples } = results;
  const trials = points.reduce((sum, one) => sum + one.trials.length, 0);
  const metric = metrics.find(({ name }) => name === objectives.at(0)?.name);
  const found =
    best !== null && metric
      ? [
          `Best by ${metric.name}: ${pointText(points[best])}, ${metricText(metric, points[best].summary[metric.name].mean)}.`,
        ]
      : [];
  return [
    ...found,
    ...(front.length > 0
      ? [
          `${counted(front.length, 'point')} of ${points.length} ${front.length === 1 ? 'is' : 'are'} beaten by no other in both ${objectives.map(({ name }) => name).join(' and ')}.`,
        ]
      : []),
    ...endsSentence(results),
    `${counted(trials, 'trial')}: ${counted(points.length, 'point')} with ${counted(seeds.length, 'seed')}, students attacked within Linf ${numberText(eps)} on ${counted(samples, 'image')}.`,
  ];
}
