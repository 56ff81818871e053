/** The charts of a record, one function for each section that has some. */
import {
  type EvaluationRecord,
  GAP_FROM,
  gapHistogram,
  HISTOGRAM_FROM,
  HISTOGRAM_TO,
  isFixedBudget,
  type ModelRecord,
  magnitudeHistogram,
} from '../evaluation/index.ts';
import { countText, numberText, percent } from '../numbers.ts';
import { attackLabel, grouped, seriesKey } from './attack-identity.ts';
import {
  type Chart,
  confusionChart,
  type Histogram,
  histogramChart,
  hueOf,
  hueOfLoss,
  type Line,
  lineChart,
  ticksOf,
} from './charts/index.ts';
import type { Material } from './material.ts';
import {
  accuracyOnAttacked,
  type FixedBudgetAttack,
  lacksGradient,
  mainBudget,
  untargetedAttacks,
} from './record-facts.ts';
import { distinct, rateText, slug } from './text.ts';

/** A chart with the name of its files. */
export interface ReportChart {
  readonly file: string;
  readonly chart: Chart;
  /** Charts of a group share a legend and their colors; absent: it has its own legend. */
  readonly group?: string;
  /** What is drawn, in sentences below it. */
  readonly caption?: string;
}

/** The charts with file names that are safe, and different from each other. */
function withFileNames(charts: readonly ReportChart[]): ReportChart[] {
  const used = new Set<string>();
  return charts.map(({ file, ...chart }) => {
    const base = slug(file);
    let name = base;
    for (let n = 2; used.has(name); n++) name = `${base}-${n}`;
    used.add(name);
    return { file: name, ...chart };
  });
}

const percentTicks = [0, 0.25, 0.5, 0.75, 1].map((value) => ({
  value,
  label: `${Math.round(100 * value)} %`,
}));
export const SHARES = { domain: [0, 1] as const, ticks: percentTicks };
export const numberTicks = (low: number, high: number) =>
  ticksOf(low, high).map((value) => ({ value, label: numberText(value) }));

const DASHES = [undefined, '7 4', '4 3', '9 3 2 3', '12 4'] as const;

/** Of attacks that had no gradient to follow, in every chart. */
export const NO_GRADIENT_DASH = '2 4';

/** Lines that can be told apart in one chart. */
const MOST_LINES = 6;

/**
 * Accuracy over eps: one chart for each model and norm, one line for each attack and loss. Where
 * these are too many for one chart, attacks with several losses get charts of their own.
 */
export function robustnessCharts({ record }: Material): ReportChart[] {
  const byNorm = grouped(untargetedAttacks(record.attacks), ({ norm }) => norm);
  const charts = byNorm.flatMap((all) => {
    const [{ norm }] = all;
    const furthest = mainBudget(all)?.eps ?? 0;
    const near = all.filter(({ eps }) => eps <= furthest);
    return groupsOf(near).flatMap((attacks) => {
      const shown = near.filter(({ attack }) => attacks.includes(attack));
      // A series has one color in the charts of all models.
      const keys = distinct(shown.map(seriesKey));
      return record.models.flatMap((model): ReportChart[] => {
        const own = shown.filter(({ model: name }) => name === model.name);
        if (own.length === 0) return [];
        const lines = grouped(own, seriesKey).map((series) =>
          robustnessLine(record, model, series, attacks, keys.indexOf(seriesKey(series[0]))),
        );
        const run = attacks.filter((name) => own.some(({ attack }) => attack === name));
        return [
          {
            file: `robustness-${norm}-${model.name}-${attacks.join('-')}`,
            group: `robustness-${norm}-${attacks.join('-')}`,
            chart: lineChart(
              `${model.name} under ${run.join(', ')}`,
              `accuracy of ${model.name} over eps in ${norm}, one line for each attack and loss, with 95 % intervals`,
              {
                label: `eps (${norm})`,
                domain: [0, furthest],
                ticks: numberTicks(0, furthest),
              },
              { label: '', ...SHARES },
              lines,
            ),
          },
        ];
      });
    });
  });
  return withFileNames(charts);
}

/** Names of attacks that share a chart. */
function groupsOf(attacks: readonly FixedBudgetAttack[]): string[][] {
  const names = distinct(attacks.map(({ attack }) => attack));
  if (distinct(attacks.map(seriesKey)).length <= MOST_LINES) return [names];
  const hasLosses = (name: string) =>
    distinct(attacks.filter(({ attack }) => attack === name).map(({ loss }) => loss)).length > 1;
  const others = names.filter((name) => !hasLosses(name));
  const single = names.filter(hasLosses).map((name) => [name]);
  return others.length > 0 ? [...single, others] : single;
}

function robustnessLine(
  record: EvaluationRecord,
  model: ModelRecord,
  series: readonly FixedBudgetAttack[],
  attacks: readonly string[],
  index: number,
): Line {
  const [first] = series;
  const name = attackLabel(first);
  const isUnreliable = series.some((one) => lacksGradient(record, one));
  const dash = isUnreliable
    ? NO_GRADIENT_DASH
    : DASHES[attacks.indexOf(first.attack) % DASHES.length];
  const points = series
    .map(({ eps, robust }) => ({
      x: eps,
      y: robust.rate,
      low: robust.low,
      high: robust.high,
      tip: `${name}, eps ${numberText(eps)}: ${model.name} keeps ${rateText(robust)}`,
    }))
    .sort((a, b) => a.x - b.x);
  const accuracy = accuracyOnAttacked(record, model, series);
  const { rate, low, high } = accuracy;
  const clean = { x: 0, y: rate, low, high, tip: `no attack: ${rateText(accuracy)}` };
  return {
    name,
    hue: attacks.length > 1 ? hueOf(index) : hueOfLoss(first.loss),
    ...(dash && { dash }),
    points: points[0].x === 0 ? points : [clean, ...points],
  };
}

/** Below float32's smallest number: the place of the bar for gradients of exactly zero. */
const ZERO_BAR = { from: HISTOGRAM_FROM - 6, to: HISTOGRAM_FROM - 3 };

/** Size of the input gradient: one chart for each loss, one histogram for each model. */
export function gradientCharts({ record }: Material): ReportChart[] {
  const losses = distinct(
    record.models.flatMap((model) => model.gradients.map(({ loss }) => loss)),
  );
  const charts = losses.map((loss) => {
    const rows = record.models.flatMap(({ name, gradients }): Histogram[] => {
      const found = gradients.find((summary) => summary.loss === loss);
      if (!found) return [];
      const { zero, largest } = found;
      const tip = (what: string, count: number) =>
        `${name}: ${what} on ${countText(count)} of ${countText(zero.total)} images`;
      const bars = magnitudeHistogram(largest).map((count, bin) => {
        const power = HISTOGRAM_FROM + bin;
        const what = `largest gradient from 1e${power} to 1e${power + 1}`;
        return { from: power, to: power + 1, share: count / zero.total, tip: tip(what, count) };
      });
      const none = {
        ...ZERO_BAR,
        share: zero.rate,
        isSpecial: true,
        tip: tip('exactly zero gradient', zero.hits),
      };
      return [{ name, hue: hueOf(0), bars: [none, ...bars] }];
    });
    const powers = [-40, -30, -20, -10, 0];
    return {
      file: `gradients-${loss}`,
      chart: histogramChart(
        `Input gradient of the ${loss} loss`,
        `histograms of the largest input gradient by powers of ten; ${rows
          .map(
            ({ name, bars }) => `${name}: exactly zero on ${percent(bars[0].share)} of the images`,
          )
          .join(', ')}`,
        {
          label: 'largest |gradient| of an image',
          domain: [ZERO_BAR.from, HISTOGRAM_TO + 1],
          ticks: [
            { value: (ZERO_BAR.from + ZERO_BAR.to) / 2, label: '0' },
            ...powers.map((value) => ({ value, label: value === 0 ? '1' : `1e${value}` })),
          ],
        },
        rows,
      ),
    };
  });
  return withFileNames(charts);
}

/** The gap between the two largest logits: one histogram for each model. */
export function logitCharts({ record }: Material): ReportChart[] {
  const rows = record.models.flatMap(({ name, gaps }): Histogram[] => {
    const total = gaps.length;
    if (total === 0) return [];
    const bars = gapHistogram(gaps).map((count, bin) => {
      const [from, to] = [(GAP_FROM + bin) / 2, (GAP_FROM + bin + 1) / 2];
      const range = `${numberText(2 ** from)} to ${numberText(2 ** to)}`;
      const tip = `${name}: gap of ${range} on ${countText(count)} of ${countText(total)} images`;
      return { from, to, share: count / total, tip };
    });
    return [{ name, hue: hueOf(0), bars }];
  });
  if (rows.length === 0) return [];
  const used = rows.flatMap(({ bars }) => bars.filter(({ share }) => share > 0));
  const low = Math.floor(Math.min(...used.map(({ from }) => from), 0));
  const high = Math.ceil(Math.max(...used.map(({ to }) => to), 7));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i)
    .filter((power) => power % 2 === 0)
    .map((value) => ({ value, label: numberText(2 ** value) }));
  return [
    {
      file: 'logit-gaps',
      chart: histogramChart(
        'Gap between the two largest logits',
        'histograms of the gap, one for each model, with the gaps past which float32 loses signs (16) and everything (104)',
        { label: 'largest logit minus second largest', domain: [low, high], ticks },
        rows.map(({ bars, ...row }) => ({
          ...row,
          bars: bars.filter(({ from, to }) => from >= low && to <= high),
        })),
        [
          { value: Math.log2(16), label: '16' },
          { value: Math.log2(104), label: '104' },
        ],
      ),
    },
  ];
}

/**
 * Share of images with an adversarial example within a distance: steps that end below 100 % where
 * an attack failed.
 */
export function minimalCharts({ record }: Material): ReportChart[] {
  const minimal = record.attacks.filter((attack) => !isFixedBudget(attack));
  const charts = grouped(minimal, seriesKey).map((own) => {
    const [first] = own;
    const name = attackLabel(first);
    const lines = own.map((attack): Line => {
      const total = attack.success.length;
      const reached = attack.distance.filter((_, j) => attack.success[j]).sort((a, b) => a - b);
      const steps = reached.map((x, j) => ({ x, y: (j + 1) / total, tip: '' }));
      const model = record.models.findIndex(({ name }) => name === attack.model);
      return {
        name: attack.model,
        hue: hueOf(Math.max(0, model)),
        points: [{ x: 0, y: 0, tip: '' }, ...steps],
        isStepped: true,
      };
    });
    const furthest = Math.max(...lines.flatMap(({ points }) => points.map(({ x }) => x)), 1e-9);
    const found = own.map(({ model, success }) => `${model} ${percent(shareOf(success))}`);
    return {
      file: `minimal-${name} ${first.norm}`,
      group: 'models',
      chart: lineChart(
        `${name}, ${first.norm}: smallest perturbations`,
        `share of images with an adversarial example within a distance, one line for each model; found in all: ${found.join(', ')}`,
        {
          label: `distance (${first.norm})`,
          domain: [0, furthest],
          ticks: numberTicks(0, furthest),
        },
        { label: '', ...SHARES },
        lines,
      ),
    };
  });
  return withFileNames(charts);
}

const shareOf = (flags: readonly boolean[]): number =>
  flags.length === 0 ? 0 : flags.filter(Boolean).length / flags.length;

export function confusionCharts({ record }: Material): ReportChart[] {
  const charts = record.models.map(({ name, confusion, accuracy: { rate, hits, total } }) => ({
    file: `confusion-${name}`,
    chart: confusionChart(
      `${name}: accuracy ${percent(rate)}`,
      `confusion matrix of ${name} on ${countText(total)} images, ${countText(total - hits)} of them wrong; the table by class has the accuracy of each class`,
      confusion,
      record.data.classNames,
    ),
  }));
  return withFileNames(charts);
}

/** Validation accuracy and loss by epoch, one line for each model. */
export function trainingCharts({ record, cards }: Material): ReportChart[] {
  const trained = record.models.flatMap(({ name }, i) => {
    const history = cards.get(name)?.history ?? [];
    return history.length > 0 ? [{ name, hue: hueOf(i), history }] : [];
  });
  if (trained.length === 0) return [];
  const epochs = Math.max(...trained.map(({ history }) => history.length));
  const x = {
    label: 'epoch',
    domain: [1, Math.max(2, epochs)] as const,
    ticks: ticksOf(1, Math.max(2, epochs), 6)
      .filter(Number.isInteger)
      .map((value) => ({ value, label: String(value) })),
  };
  const accuracies = trained.flatMap(({ history }) =>
    history.map(({ validationAccuracy }) => validationAccuracy),
  );
  const least = Math.floor(Math.min(...accuracies) * 50) / 50;
  const accuracyTicks = ticksOf(least, 1).map((value) => ({ value, label: percentLabel(value) }));
  const line = (
    { name, hue, history }: (typeof trained)[number],
    metric: (epoch: (typeof history)[number]) => number | null,
    text: (value: number) => string,
  ): Line => ({
    name,
    hue,
    points: history.flatMap((epoch, i) => {
      const y = metric(epoch);
      return y === null ? [] : [{ x: i + 1, y, tip: `${name}, epoch ${i + 1}: ${text(y)}` }];
    }),
  });
  const losses = trained.map((one) => line(one, ({ loss }) => loss, numberText));
  const most = Math.max(...losses.flatMap(({ points }) => points.map(({ y }) => y)), 1e-9);
  return [
    {
      file: 'training-accuracy',
      group: 'models',
      chart: lineChart(
        'Validation accuracy',
        'validation accuracy by epoch, one line for each model',
        x,
        { label: '', domain: [least, 1], ticks: accuracyTicks },
        trained.map((one) => line(one, ({ validationAccuracy }) => validationAccuracy, percent)),
      ),
    },
    {
      file: 'training-loss',
      group: 'models',
      chart: lineChart(
        'Training loss',
        'training loss by epoch, one line for each model; soft labels have a loss of their own, so only the shapes compare',
        x,
        { label: '', domain: [0, most], ticks: numberTicks(0, most) },
        losses,
      ),
    },
  ];
}

const percentLabel = (share: number): string => `${numberText(100 * share)} %`;
