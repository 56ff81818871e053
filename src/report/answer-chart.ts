/** The chart beside the answer: images that stay correct by budget, of both models, naive and adaptive. */
import { type EvaluationRecord, isFixedBudget, type ModelRecord } from '../evaluation/index.ts';
import { numberText, percent } from '../numbers.ts';
import { type Hue, type Line, lineChart, type Point } from './charts/index.ts';
import { NO_GRADIENT_DASH, numberTicks, type ReportChart, SHARES } from './record-charts.ts';
import {
  accuracyOnAttacked,
  type Budget,
  lacksGradient,
  mainBudget,
  primaryModel,
  untargetedAttacks,
  worstCaseOf,
} from './record-facts.ts';
import { distinct, rateText } from './text.ts';

/** Budgets between 0 and the largest at which a search for the smallest perturbation is read. */
const FINE = 60;
const NAIVE_DASH = '7 4';

/** How the two models are drawn. */
const HUES: Readonly<Record<'primary' | 'first', Hue>> = { primary: 1, first: 2 };

/** Lines for the first and the primary model; none where no budget was tried. */
export function answerChart(record: EvaluationRecord): ReportChart[] {
  const primary = primaryModel(record);
  const main = mainBudget(record.attacks);
  if (!primary || !main) return [];
  const [first] = record.models;
  const models = first.name === primary.name ? [primary] : [first, primary];
  const lines = models.flatMap((model) => {
    const hue = model === primary ? HUES.primary : HUES.first;
    return [adaptiveLine(record, model, main, hue), ...naiveLine(record, model, main, hue)];
  });
  const drawn = lines.filter(({ points }) => points.length > 1);
  if (drawn.length === 0) return [];
  const ends = drawn.map(({ name, points }) => `${name} ${percent(points.at(-1)?.y ?? 0)}`);
  return [
    {
      file: 'answer',
      chart: lineChart(
        'Images that stay correct, by budget',
        `share of images that stay correct over eps in ${main.norm}: a model's own line counts all attacks, the other only those on the softmax loss; at eps ${numberText(main.eps)}: ${ends.join(', ')}`,
        {
          label: `eps (${main.norm})`,
          domain: [0, main.eps],
          ticks: numberTicks(0, main.eps),
        },
        { label: '', ...SHARES },
        drawn,
      ),
    },
  ];
}

/** The budgets of a norm up to the main one, rising. */
function budgetsUpTo(record: EvaluationRecord, { norm, eps }: Budget): number[] {
  const near = untargetedAttacks(record.attacks).filter(
    (one) => one.norm === norm && one.eps > 0 && one.eps <= eps,
  );
  return distinct(near.map((one) => one.eps)).sort((a, b) => a - b);
}

function clean(record: EvaluationRecord, model: ModelRecord): Point {
  const own = untargetedAttacks(record.attacks).filter((one) => one.model === model.name);
  const rate = accuracyOnAttacked(record, model, own);
  return { x: 0, y: rate.rate, tip: `${model.name}, no attack: ${rateText(rate)}` };
}

/** The worst case over all attacks, with smaller steps where the smallest perturbations are known. */
function adaptiveLine(record: EvaluationRecord, model: ModelRecord, main: Budget, hue: Hue): Line {
  const measured = budgetsUpTo(record, main).flatMap((eps): Point[] => {
    const rate = worstCaseOf(record, { norm: main.norm, eps }, model.name);
    if (!rate) return [];
    const { low, high } = rate;
    const tip = `${model.name}, all attacks, eps ${numberText(eps)}: ${rateText(rate)}`;
    return [{ x: eps, y: rate.rate, low, high, tip }];
  });
  const points = [clean(record, model), ...measured, ...smallestPoints(record, model, main)];
  points.sort((a, b) => a.x - b.x);
  // A budget that was attacked counts smaller ones too: the share can only fall.
  let least = 1;
  const falling = points.map((point) => {
    least = Math.min(least, point.y);
    return { ...point, y: least };
  });
  return { name: model.name, hue, points: falling };
}

/** The share that stays correct under the smallest perturbations that were found within each budget. */
function smallestPoints(record: EvaluationRecord, model: ModelRecord, main: Budget): Point[] {
  const own = record.attacks.filter(
    (one) =>
      one.model === model.name &&
      one.norm === main.norm &&
      one.target === null &&
      !isFixedBudget(one),
  );
  if (own.length === 0) return [];
  const { labels } = record.data;
  const nearest = new Map<number, number>();
  for (const { positions, success, distance } of own) {
    positions.forEach((image, i) => {
      const far = success[i] ? distance[i] : Number.POSITIVE_INFINITY;
      nearest.set(image, Math.min(nearest.get(image) ?? Number.POSITIVE_INFINITY, far));
    });
  }
  const images = [...nearest];
  return Array.from({ length: FINE - 1 }, (_, i) => {
    const x = ((i + 1) / FINE) * main.eps;
    const correct = images.filter(
      ([image, far]) => far > x && model.predicted[image] === labels[image],
    );
    return { x, y: correct.length / images.length, tip: '' };
  });
}

/** The strongest attack on the usual loss; dotted where that had no gradient to follow. */
function naiveLine(record: EvaluationRecord, model: ModelRecord, main: Budget, hue: Hue): Line[] {
  const own = untargetedAttacks(record.attacks).filter(
    (one) => one.model === model.name && one.norm === main.norm && one.loss === 'softmax',
  );
  if (own.length === 0) return [];
  const points = budgetsUpTo(record, main).flatMap((eps): Point[] => {
    const [strongest] = own
      .filter((one) => one.eps === eps)
      .sort((a, b) => a.robust.rate - b.robust.rate);
    if (!strongest) return [];
    const tip = `${model.name}, softmax attacks, eps ${numberText(eps)}: ${rateText(strongest.robust)}`;
    return [{ x: eps, y: strongest.robust.rate, tip }];
  });
  const isUnreliable = own.some((one) => lacksGradient(record, one));
  return [
    {
      name: `${model.name}, softmax${isUnreliable ? ' (gradient often zero)' : ''}`,
      hue,
      dash: isUnreliable ? NO_GRADIENT_DASH : NAIVE_DASH,
      points: [clean(record, model), ...points],
    },
  ];
}
