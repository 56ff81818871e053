/** The tables of a report as data: the page, the Markdown form and `results.json` are views of it. */
import {
  type AttackRecord,
  type EvaluationRecord,
  type ModelRecord,
  type Rate,
  rateOf,
} from '../evaluation/index.ts';
import { attackName, countText, interval, numberText, percent } from './text.ts';

export interface Cell {
  readonly text: string;
  /** A second, quieter line: an interval. */
  readonly note?: string;
  /** What the column is sorted by, where the text is not. */
  readonly value?: number;
  /** A figure that would be wrong to take at its face. */
  readonly doubtful?: boolean;
}

export interface Table {
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Rows that sum up others. */
  readonly isTotal?: (row: readonly Cell[]) => boolean;
}

const text = (content: string): Cell => ({ text: content });
const number = (value: number, content = numberText(value)): Cell => ({ text: content, value });
const rate = (one: Rate): Cell => ({
  text: percent(one.rate),
  note: interval(one),
  value: one.rate,
});
const NONE: Cell = { text: '–', value: -1 };

/** Accuracy of every model on the clean images. */
export function accuracyTable({ models, data }: EvaluationRecord): Table {
  return {
    id: 'accuracy',
    caption: `Accuracy on ${countText(data.labels.length)} clean test images, with 95 % Wilson intervals`,
    columns: ['model', 'T', 'accuracy', 'wrong'],
    rows: models.map(({ name, temperature, accuracy }) => [
      text(name),
      number(temperature),
      rate(accuracy),
      number(accuracy.total - accuracy.hits),
    ]),
  };
}

/** Accuracy by true class, a column a model. */
export function classTable({ models }: EvaluationRecord): Table {
  const classes = models[0]?.perClass.length ?? 0;
  return {
    id: 'classes',
    caption: 'Accuracy by true class',
    columns: ['class', ...models.map(({ name }) => name)],
    rows: Array.from({ length: classes }, (_, c) => [
      number(c),
      ...models.map(({ perClass }) => (perClass[c] ? rate(perClass[c]) : NONE)),
    ]),
  };
}

const optionsText = ({ options }: AttackRecord): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${numberText(value)}`)
    .join(', ');

/** What an attack was, whoever it was run against. */
const kindOf = (attack: AttackRecord): string =>
  JSON.stringify([
    attackName(attack),
    attack.norm,
    attack.eps,
    optionsText(attack),
    attack.targets !== null,
  ]);

/**
 * Accuracy under every attack of a fixed budget, a column a model, and the worst case of every
 * budget. A figure is doubtful when no gradient of its loss was left on a tenth of the images.
 */
export function attackTable(record: EvaluationRecord): Table {
  const { models } = record;
  const attacks = record.attacks.filter(({ eps }) => eps !== null);
  const kinds = [...new Set(attacks.map(kindOf))];
  const rows = kinds.map((kind) => {
    const [first] = attacks.filter((attack) => kindOf(attack) === kind);
    return [
      {
        text: `${first.attack}${first.targets ? ', targeted' : ''}${first.source ? ` from ${first.source}` : ''}`,
        note: optionsText(first),
      },
      text(first.norm),
      number(first.eps as number),
      text(first.loss ?? '–'),
      ...models.map(({ name }) => {
        const own = attacks.find((attack) => kindOf(attack) === kind && attack.model === name);
        return own ? { ...rate(own.robust), doubtful: isBlind(record, own) } : NONE;
      }),
    ];
  });
  return {
    id: 'attacks',
    caption: `Accuracy under attack, on ${countText(Math.max(0, ...attacks.map(({ success }) => success.length)))} images, with 95 % Wilson intervals`,
    isTotal: ([{ text }]) => text === WORST,
    columns: ['attack', 'norm', 'eps', 'loss', ...models.map(({ name }) => name)],
    rows: [...rows, ...worstRows(record)].sort(
      (a, b) => Number(a[1].text > b[1].text) - Number(a[1].text < b[1].text) || order(a, b),
    ),
  };
}

const WORST = 'worst of these';

const order = (a: readonly Cell[], b: readonly Cell[]): number =>
  (a[2].value ?? 0) - (b[2].value ?? 0);

/** Share of images without a gradient past which a gradient attack is called blind. */
export const BLIND = 0.1;

/** Whether the loss that this attack climbs had no gradient to give on many images. */
export function isBlind({ models }: EvaluationRecord, attack: AttackRecord): boolean {
  const model = models.find(({ name }) => name === (attack.source ?? attack.model));
  const found = model?.gradients.find(({ loss }) => loss === attack.loss);
  return found !== undefined && found.zero.rate > BLIND;
}

/** Accuracy of a model on the images that were attacked: where its curves over eps begin. */
export function accuracyOnAttacked(
  { data: { labels } }: EvaluationRecord,
  { predicted }: ModelRecord,
  attacks: readonly AttackRecord[],
): Rate {
  const total = Math.min(labels.length, ...attacks.map(({ success }) => success.length));
  const hits = predicted.slice(0, total).filter((found, i) => found === labels[i]).length;
  return rateOf(hits, total);
}

/** A figure of the record's summary that speaks of one budget. */
export function worstCases({ summary }: EvaluationRecord) {
  return summary.flatMap(({ model, figure, ...own }) => {
    const budget = /^robust accuracy \((\w+) ([\d.e+-]+)\)$/.exec(figure);
    return budget ? [{ model, norm: budget[1], eps: Number(budget[2]), rate: own }] : [];
  });
}

function worstRows(record: EvaluationRecord): Cell[][] {
  const found = worstCases(record);
  const budgets = [...new Set(found.map(({ norm, eps }) => `${norm} ${eps}`))];
  return budgets.map((budget) => {
    const own = found.filter(({ norm, eps }) => `${norm} ${eps}` === budget);
    const [{ norm, eps }] = own;
    return [
      { text: WORST, note: 'per image' },
      text(norm),
      number(eps),
      text('all'),
      ...record.models.map(({ name }) => {
        const one = own.find(({ model }) => model === name);
        return one ? rate(one.rate) : NONE;
      }),
    ];
  });
}

/** Share of images without any gradient and of signs that float32 got wrong, a row a loss. */
export function gradientTable({ models }: EvaluationRecord): Table {
  const losses = [...new Set(models.flatMap(({ gradients }) => gradients.map(({ loss }) => loss)))];
  return {
    id: 'gradients',
    caption: 'Images whose input gradient is exactly zero, and pixels whose sign float32 got wrong',
    columns: ['loss', ...models.flatMap(({ name }) => [`${name}: zero`, `${name}: wrong signs`])],
    rows: losses.map((loss) => [
      text(loss),
      ...models.flatMap(({ gradients }) => {
        const found = gradients.find((summary) => summary.loss === loss);
        if (!found) return [NONE, NONE];
        return [found.zero, found.wrongSigns].map((one) => ({
          text: percent(one.rate),
          value: one.rate,
          doubtful: one.rate > BLIND,
        }));
      }),
    ]),
  };
}

/** Smallest perturbations: how often one was found, and how large it was. */
export function minimalTable({ attacks }: EvaluationRecord): Table {
  return {
    id: 'minimal',
    caption: 'Smallest perturbations; images on which an attack failed count as further than all',
    columns: ['attack', 'norm', 'model', 'found', 'median distance', 'nine in ten within'],
    rows: attacks
      .filter(({ eps }) => eps === null)
      .map((attack) => {
        const total = attack.success.length;
        const reached = attack.distance.map((far, i) =>
          attack.success[i] ? far : Number.POSITIVE_INFINITY,
        );
        reached.sort((a, b) => a - b);
        const quantile = (share: number) => {
          const far = reached[Math.min(total - 1, Math.floor(share * total))] ?? Infinity;
          return Number.isFinite(far) ? number(far) : { text: 'beyond what was found', value: 1e9 };
        };
        const hits = attack.success.filter(Boolean).length;
        return [
          { text: attackName(attack), note: optionsText(attack) },
          text(attack.norm),
          text(`${attack.model}${attack.targets ? ' (targeted)' : ''}`),
          { text: `${countText(hits)} of ${countText(total)}`, value: hits },
          quantile(0.5),
          quantile(0.9),
        ];
      }),
  };
}
