/** Thresholds for CI: every metric that a gate can name, and whether the gates were met. */
import type { Threat } from '../attacks/index.ts';
import { meantText } from '../closest.ts';
import { GateError, UserError } from '../errors.ts';
import { numberText, percent } from '../numbers.ts';
import { clopperPearson, medianRanks, pairedDifference } from '../statistics.ts';
import { type Gate, type GateEnd, normalMetric } from './gate-syntax.ts';
import { LARGE_EPS } from './large-eps.ts';
import { type AttackIdentity, isFixedBudget, nameOfAttack } from './names.ts';
import { discordant, pairsOf, robustAccuracy } from './paired-tests.ts';
import type {
  AttackRecord,
  Certificates,
  EvaluationRecord,
  GateResult,
  ModelRecord,
} from './records.ts';
import { targetRates } from './targets.ts';
import { threatsOf } from './worst-case.ts';

/** A metric with its 95 % interval; counts have none. */
interface Measured {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A metric of one model, before or after it was measured. */
interface Metric {
  readonly model: string;
  /** As tables and docs write it. */
  readonly name: string;
  readonly unit: GateResult['unit'];
  /** The least and the largest value that it can have. */
  readonly range: readonly [number, number];
  /** Belongs to `robust accuracy` or `robust accuracy drop` without a budget. */
  readonly family?: string;
  measure(record: EvaluationRecord): Measured;
}

/** What is known of an evaluation before it begins. */
export interface EvaluationOutline {
  readonly models: readonly { readonly name: string }[];
  readonly attacks: readonly (AttackIdentity & { readonly model: string })[];
  /** What is proven; absent: nothing. */
  readonly certificates?: readonly Pick<Certificates, 'model' | 'norm' | 'eps'>[] | undefined;
}

type Measurable = Omit<EvaluationRecord, 'gates'>;

const exact = (value: number): Measured => ({ value, low: value, high: value });

/** A rate with Clopper and Pearson's interval, which never covers less than it says. */
const rateMeasured = ({ hits, total }: { hits: number; total: number }): Measured => ({
  value: total === 0 ? 0 : hits / total,
  ...clopperPearson(hits, total),
});

function modelOf({ models }: Measurable, name: string): ModelRecord {
  const found = models.find((model) => model.name === name);
  if (!found) throw new RangeError(`this record has no model ${name}`);
  return found;
}

/** Median distance; an image on which the attack failed is farther than all. */
function medianDistance({ distance, success }: AttackRecord): Measured {
  const far = distance.map((away, i) => (success[i] ? away : Number.POSITIVE_INFINITY));
  far.sort((a, b) => a - b);
  const { low, high } = medianRanks(far.length);
  return { value: far[far.length >> 1], low: far[low], high: far[high] };
}

/** How much lower a metric of `second` is than that of `first`, on the same images. */
function drop(record: Measurable, first: string, second: string, metric: string): Measured {
  const pairs = pairsOf(
    modelOf(record, first),
    modelOf(record, second),
    record.attacks,
    record.data.labels,
  );
  const pair = pairs.find((one) => one.metric === metric) ?? { metric, first: [], second: [] };
  const { onlyFirst, onlySecond } = discordant(pair);
  const total = Math.min(pair.first.length, pair.second.length);
  return {
    value: total === 0 ? 0 : (onlyFirst - onlySecond) / total,
    ...pairedDifference(onlyFirst, onlySecond, total),
  };
}

/** Every metric that a gate can name. */
export function gateMetrics({ models, attacks, certificates = [] }: EvaluationOutline): Metric[] {
  const [first] = models;
  const share = { unit: 'share', range: [0, 1] } as const;
  const difference = { unit: 'share', range: [-1, 1] } as const;
  const count = { unit: 'count', range: [0, Number.POSITIVE_INFINITY] } as const;
  return models.flatMap(({ name: model }): Metric[] => {
    const own = attacks.filter((attack) => attack.model === model);
    const dropOf = (metric: string, family?: string): Metric[] =>
      model === first.name
        ? []
        : [
            {
              model,
              name: metric.replace('accuracy', 'accuracy drop'),
              ...difference,
              ...(family && { family }),
              measure: (record) => drop(record, first.name, model, metric),
            },
          ];
    const flags = (record: EvaluationRecord, severity?: string) =>
      exact(
        record.flags.filter(
          (flag) => flag.model === model && (!severity || flag.severity === severity),
        ).length,
      );
    return [
      {
        model,
        name: 'accuracy',
        ...share,
        measure: (record) => rateMeasured(modelOf(record, model).accuracy),
      },
      ...dropOf('accuracy'),
      ...threatsOf(own).flatMap((threat): Metric[] => {
        const name = robustAccuracy(threat);
        // A budget at which no model is robust checks the attacks: only its full name gates on it.
        const isCheck = threat.eps >= LARGE_EPS[threat.norm];
        return [
          {
            model,
            name,
            ...share,
            ...(!isCheck && { family: 'robust accuracy' }),
            measure: ({ worstCases }) => {
              const found = worstCases.find(
                (one) => one.model === model && one.norm === threat.norm && one.eps === threat.eps,
              );
              return rateMeasured(found ?? { hits: 0, total: 0 });
            },
          },
          ...dropOf(name, isCheck ? undefined : 'robust accuracy drop'),
        ];
      }),
      ...certificates
        .filter((one) => one.model === model)
        .map((one) => certifiedMetric(model, one)),
      ...own.flatMap((attack) => attackMetrics(model, attack)),
      { model, name: 'serious flags', ...count, measure: (record) => flags(record, 'serious') },
      { model, name: 'flags', ...count, measure: (record) => flags(record) },
      {
        model,
        name: 'open verdicts',
        ...count,
        measure: ({ verdicts }) =>
          exact(verdicts.filter((one) => one.model === model && one.ruling === 'open').length),
      },
    ];
  });
}

/** The share of images that is proven to stay right within a budget. */
function certifiedMetric(model: string, { norm, eps }: Threat): Metric {
  return {
    model,
    name: robustAccuracy({ norm, eps }).replace('robust', 'certified'),
    unit: 'share',
    range: [0, 1],
    ...(eps < LARGE_EPS[norm] && { family: 'certified accuracy' }),
    measure: ({ certificates = [] }) => {
      const found = certificates.find(
        (one) => one.model === model && one.norm === norm && one.eps === eps,
      );
      return rateMeasured(found?.certified ?? { hits: 0, total: 0 });
    },
  };
}

/** The metrics of one attack on one model. */
function attackMetrics(model: string, attack: AttackIdentity): Metric[] {
  const name = nameOfAttack(attack);
  const metric = (
    what: string,
    unit: Metric['unit'],
    measure: (found: AttackRecord) => Measured,
  ): Metric => ({
    model,
    name: `${what} ${name}`,
    unit,
    range: unit === 'share' ? [0, 1] : [0, Number.POSITIVE_INFINITY],
    measure: (record) => {
      const found = record.attacks.find((one) => one.model === model && nameOfAttack(one) === name);
      if (!found) throw new RangeError(`this record has no attack ${name} on ${model}`);
      return measure(found);
    },
  });
  return [
    isFixedBudget(attack)
      ? metric('accuracy under', 'share', ({ robust }) => rateMeasured(robust))
      : metric('median distance of', 'distance', medianDistance),
    ...(attack.target === null
      ? []
      : (['best', 'average', 'worst'] as const).map((which) =>
          metric(`${which} targeted success of`, 'share', (found) => {
            const { rate, low, high } = targetRates(found)[which];
            return { value: rate, low, high };
          }),
        )),
  ];
}

const named = ({ metric }: Gate, { name, family }: Metric) =>
  normalMetric(name) === metric || family === metric;

/** The metrics that a gate names. */
function metricsOf(gate: Gate, metrics: readonly Metric[]): Metric[] {
  return metrics.filter(
    (metric) => (gate.model === undefined || metric.model === gate.model) && named(gate, metric),
  );
}

/** Whether every value that a metric can have meets a gate, or none does; undefined otherwise. */
function fixedOutcome(
  { comparison, threshold }: Gate,
  [least, most]: Metric['range'],
): 'met' | 'missed' | undefined {
  const [atLeast, atMost] = [least, most].map((value) => HOLDS[comparison](value, threshold));
  if (atLeast === atMost) return atLeast ? 'met' : 'missed';
  return undefined;
}

/** @throws UserError `bad-gate` where the outcome does not depend on what is measured */
function checkThreshold(gate: Gate, { name, unit, range }: Metric): void {
  const outcome = fixedOutcome(gate, range);
  if (outcome === undefined) return;
  const { text, comparison, threshold } = gate;
  const [least, most] = range.map((value) => (unit === 'share' ? percent(value, 0) : value));
  const isPercent = unit === 'share' && Math.abs(threshold) >= 1 && Math.abs(threshold) <= 100;
  const values = range[1] === Number.POSITIVE_INFINITY ? `${least} or more` : `${least} to ${most}`;
  throw new UserError('bad-gate', `the gate "${text}" is always ${outcome}: ${name} is ${values}`, {
    hint: isPercent
      ? `did you mean ${comparison} ${threshold}%?`
      : 'choose a threshold between these, such as 0.5 or 50%',
  });
}

/**
 * Checks, before anything is measured, that each gate names a metric that there will be, and that
 * its outcome depends on what is measured.
 * @throws UserError `bad-gate` that lists the metrics, or says what values the metric can have
 */
export function checkGateMetrics(gates: readonly Gate[], outline: EvaluationOutline): void {
  const metrics = gateMetrics(outline);
  for (const gate of gates) {
    const { text, model } = gate;
    const own = metricsOf(gate, metrics);
    for (const metric of own) checkThreshold(gate, metric);
    if (own.length > 0) continue;
    const names = outline.models.map(({ name }) => name);
    if (model !== undefined && !names.includes(model)) {
      throw new UserError('bad-gate', `the gate "${text}" names no model of this evaluation`, {
        hint: `${meantText(model, names)}the models are ${names.join(', ')}; * is all of them`,
      });
    }
    const known = metrics.filter((metric) => model === undefined || metric.model === model);
    const list = [...new Set(known.map(({ name }) => name))];
    throw new UserError('bad-gate', `the gate "${text}" names no metric of this evaluation`, {
      hint: `${meantText(gate.metric, list)}the metrics are: ${list.join('; ')}`,
    });
  }
}

const HOLDS: Readonly<Record<Gate['comparison'], (value: number, threshold: number) => boolean>> = {
  '>=': (value, threshold) => value >= threshold,
  '<=': (value, threshold) => value <= threshold,
  '>': (value, threshold) => value > threshold,
  '<': (value, threshold) => value < threshold,
};

/**
 * Holds a record against gates: one result for each metric that a gate names.
 * @param on `interval` holds the worse end of the 95 % interval against the threshold: chance alone
 *   then lets a model that is not good enough pass in at most one run of forty
 */
export function judgeGates(
  gates: readonly Gate[],
  record: EvaluationRecord,
  on: GateEnd,
): GateResult[] {
  const metrics = gateMetrics(record);
  return gates.flatMap((gate) =>
    metricsOf(gate, metrics).map((metric) => {
      const { text, comparison, threshold } = gate;
      const measured = metric.measure(record);
      const cautious = comparison.startsWith('>') ? measured.low : measured.high;
      const value = on === 'interval' ? cautious : measured.value;
      return {
        gate: text,
        model: metric.model,
        metric: metric.name,
        value: Number.isFinite(value) ? value : Number.MAX_VALUE,
        comparison,
        threshold,
        unit: metric.unit,
        on,
        met: HOLDS[comparison](value, threshold),
      };
    }),
  );
}

/**
 * The gates of parts of a record, held against the whole. A metric that the whole does not have,
 * such as a drop from another first model, keeps the result of its part.
 */
export function judgeAgain(results: readonly GateResult[], whole: EvaluationRecord): GateResult[] {
  const once = new Map(
    results.map((result) => [
      JSON.stringify([result.gate, result.model, result.metric, result.on]),
      result,
    ]),
  );
  return [...once.values()].flatMap((result) => {
    const { gate: text, model, metric, comparison, threshold, on } = result;
    const gate = { text, model, metric: normalMetric(metric), comparison, threshold };
    const judged = judgeGates([gate], whole, on);
    return judged.length > 0 ? judged : [result];
  });
}

function valueText(value: number, unit: GateResult['unit']): string {
  if (value === Number.MAX_VALUE) return 'not found';
  if (unit === 'share') return percent(value);
  return numberText(value);
}

/** The result of a gate, such as `accuracy of student is 98.00 %, not >= 99.00 %`. */
export function gateText(result: GateResult): string {
  const { model, metric, value, comparison, threshold, unit, on, met } = result;
  const end = comparison.startsWith('>') ? 'low' : 'high';
  const isEnd = on === 'interval' && unit !== 'count';
  const end95 = isEnd ? ` at the ${end} end of its 95 % interval` : '';
  const held = `${metric} of ${model}: ${valueText(value, unit)}${end95}`;
  return `${held}, ${met ? 'so' : 'not'} ${comparison} ${valueText(threshold, unit)}`;
}

/**
 * @throws GateError naming every gate of the record that was not met
 */
export function requireGates({ gates }: Pick<EvaluationRecord, 'gates'>): void {
  const missed = gates.filter(({ met }) => !met).map(gateText);
  if (missed.length > 0) throw new GateError('gate', missed.join('; '));
}
