/**
 * The tables of a record as data: the page, the Markdown form and the terminal are three renderings
 * of them.
 */
import {
  type AttackRecord,
  choicesOf,
  type EvaluationRecord,
  type GateResult,
  gateText,
  isFixedBudget,
  type ModelRecord,
  nameOfAttack,
  type Rate,
  rateOf,
  type TestRecord,
  targetDistances,
  targetRates,
} from '../evaluation/index.ts';
import { numberText, percent } from '../numbers.ts';
import { countText, interval } from './text.ts';

export interface Cell {
  readonly text: string;
  /** A second, quieter line: an interval. */
  readonly note?: string;
  /** Text and note in one, for columns that are as narrow as a terminal's. */
  readonly brief?: string;
  /** What the column is sorted by, where the text is not. */
  readonly value?: number;
  /** A metric that would be wrong to take at its face. */
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

/** Whether the cells of a column are numbers, which are set to the right. */
export const isNumeric = ({ rows }: Table, column: number): boolean =>
  rows.some((row) => row[column].value !== undefined);

const text = (content: string): Cell => ({ text: content });
const number = (value: number, content = numberText(value)): Cell => ({ text: content, value });
const NONE: Cell = { text: '–', value: -1 };

/** Images from which on a hundredth of a per cent says something. */
const FINE = 5000;

/**
 * Such as `74.6 ±2.7`, in per cent: the longer side of the interval, since Wilson's is lopsided
 * near 0 and 100 %.
 */
function briefRate({ rate, low, high, total }: Rate): string {
  const digits = total >= FINE ? 2 : 1;
  const side = Math.max(rate - low, high - rate);
  return `${(100 * rate).toFixed(digits)} ±${(100 * side).toFixed(digits)}`;
}

const rate = (one: Rate): Cell => ({
  text: percent(one.rate),
  note: interval(one),
  brief: briefRate(one),
  value: one.rate,
});

/** Accuracy of every model on the clean images. */
export function accuracyTable({ models, data }: EvaluationRecord): Table {
  return {
    id: 'accuracy',
    caption: `Accuracy on ${countText(data.labels.length)} clean test images, %, with 95 % Wilson intervals`,
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
    caption: 'Accuracy by true class, %',
    columns: ['class', ...models.map(({ name }) => name)],
    rows: Array.from({ length: classes }, (_, c) => [
      number(c),
      ...models.map(({ perClass }) => (perClass[c] ? rate(perClass[c]) : NONE)),
    ]),
  };
}

/** How often images of a true class (rows) were given each class (columns). */
export function confusionTable({ name, confusion }: ModelRecord): Table {
  return {
    id: `confusion-${name}`,
    caption: `Confusion of ${name}: true class by row, given class by column`,
    columns: ['true', ...confusion.map((_, c) => String(c))],
    rows: confusion.map((counts, c) => [
      number(c),
      ...counts.map((count) => number(count, count === 0 ? '.' : countText(count))),
    ]),
  };
}

const optionsText = ({ options }: AttackRecord): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${numberText(value)}`)
    .join(', ');

/** Such as `jsma, every target` or `transfer from baseline`. */
const whatOf = ({ attack, target, source }: AttackRecord): string =>
  [
    attack,
    target === null ? '' : target === 'every' ? ', every target' : `, target ${target}`,
    source === null ? '' : ` from ${source}`,
  ].join('');

/**
 * Names of attacks as short as they can be told apart: options appear where two attacks of a table
 * differ in nothing else, the first of them that differ, such as `pgd steps=100`.
 */
function briefNames(attacks: readonly AttackRecord[]): Map<string, string> {
  const kinds = new Map(attacks.map((attack) => [nameOfAttack(attack), attack]));
  const plain = (one: AttackRecord) => JSON.stringify([whatOf(one), one.norm, one.eps, one.loss]);
  return new Map(
    Array.from(kinds, ([name, attack]) => {
      const twins = [...kinds.values()].filter((other) => plain(other) === plain(attack));
      const shown: string[] = [];
      let alike = twins;
      for (const [option, value] of Object.entries(attack.options)) {
        const rest = alike.filter((twin) => twin.options[option] === value);
        const isTelling = rest.length < alike.length;
        const isUsual = !choicesOf(attack).some(([chosen]) => chosen === option);
        if (isTelling && !isUsual) shown.push(`${option}=${numberText(value)}`);
        if (isTelling) alike = rest;
      }
      return [name, [attack.target === null ? attack.attack : whatOf(attack), ...shown].join(' ')];
    }),
  );
}

/**
 * Accuracy under every attack of a fixed budget, a column a model, and the worst case of every
 * budget. A metric is doubtful when no gradient of its loss was left on a tenth of the images.
 */
export function attackTable(record: EvaluationRecord): Table {
  const { models } = record;
  const attacks = record.attacks.filter(isFixedBudget);
  const briefs = briefNames(attacks);
  const rows = Array.from(briefs, ([name, brief]) => {
    const own = attacks.filter((attack) => nameOfAttack(attack) === name);
    const [first] = own;
    return [
      { text: whatOf(first), note: optionsText(first), brief },
      text(first.norm),
      number(first.eps),
      text(first.loss ?? '–'),
      ...models.map((model) => {
        const found = own.find((attack) => attack.model === model.name);
        return found ? { ...rate(found.robust), doubtful: isBlind(record, found) } : NONE;
      }),
    ];
  });
  return {
    id: 'attacks',
    caption: `Accuracy under attack on ${countText(Math.max(0, ...attacks.map(({ robust }) => robust.total)))} images, %, with 95 % Wilson intervals`,
    isTotal: ([{ text }]) => text === WORST,
    columns: ['attack', 'norm', 'eps', 'loss', ...models.map(({ name }) => name)],
    rows: [...rows, ...worstRows(record)].sort(
      (a, b) => Number(a[1].text > b[1].text) - Number(a[1].text < b[1].text) || order(a, b),
    ),
  };
}

const WORST = 'worst of all';

const order = (a: readonly Cell[], b: readonly Cell[]): number =>
  (a[2].value ?? 0) - (b[2].value ?? 0);

/** Share of images without a gradient past which a gradient attack is called blind. */
const BLIND = 0.1;

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
  const total = Math.min(labels.length, ...attacks.map(({ robust }) => robust.total));
  const hits = predicted.slice(0, total).filter((found, i) => found === labels[i]).length;
  return rateOf(hits, total);
}

function worstRows({ worstCases, models }: EvaluationRecord): Cell[][] {
  const budgets = [...new Set(worstCases.map(({ norm, eps }) => `${norm} ${eps}`))];
  return budgets.map((budget) => {
    const own = worstCases.filter(({ norm, eps }) => `${norm} ${eps}` === budget);
    const [{ norm, eps }] = own;
    return [
      { text: WORST, note: 'per image' },
      text(norm),
      number(eps),
      text('all'),
      ...models.map(({ name }) => {
        const one = own.find(({ model }) => model === name);
        return one ? rate(one) : NONE;
      }),
    ];
  });
}

/** Share of images without any gradient and of signs that float32 got wrong, a row a loss. */
export function gradientTable({ models }: EvaluationRecord): Table {
  const losses = [...new Set(models.flatMap(({ gradients }) => gradients.map(({ loss }) => loss)))];
  const short = (share: number) => (100 * share).toFixed(1);
  return {
    id: 'gradients',
    caption:
      'Input gradients, %: images whose gradient is exactly zero / pixels whose sign float32 got wrong',
    columns: ['loss', ...models.map(({ name }) => name)],
    rows: losses.map((loss) => [
      text(loss),
      ...models.map(({ gradients }): Cell => {
        const found = gradients.find((summary) => summary.loss === loss);
        if (!found) return NONE;
        const { zero, wrongSigns } = found;
        return {
          text: `${percent(zero.rate)} / ${percent(wrongSigns.rate)}`,
          note: `zero ${interval(zero)}`,
          brief: `${short(zero.rate)} / ${short(wrongSigns.rate)}`,
          value: zero.rate,
          doubtful: zero.rate > BLIND || wrongSigns.rate > 0.5,
        };
      }),
    ]),
  };
}

/** Smallest perturbations: how often one was found, and how large it was. */
export function minimalTable({ attacks }: EvaluationRecord): Table {
  const minimal = attacks.filter((attack) => !isFixedBudget(attack));
  const briefs = briefNames(minimal);
  return {
    id: 'minimal',
    caption:
      'Smallest perturbations; images on which an attack failed count as farther than all; found in %, with 95 % Wilson intervals',
    columns: ['attack', 'norm', 'model', 'found', 'one in ten', 'median', 'nine in ten'],
    rows: minimal.map((attack) => {
      const total = attack.success.length;
      const reached = attack.distance.map((far, i) =>
        attack.success[i] ? far : Number.POSITIVE_INFINITY,
      );
      reached.sort((a, b) => a - b);
      const quantile = (share: number): Cell => {
        const far = reached[Math.min(total - 1, Math.floor(share * total))] ?? Infinity;
        return Number.isFinite(far)
          ? number(far, far.toPrecision(3))
          : { text: 'beyond what was found', brief: 'not found', value: 1e9 };
      };
      return [
        {
          text: whatOf(attack),
          note: optionsText(attack),
          brief: briefs.get(nameOfAttack(attack)) ?? attack.attack,
        },
        text(attack.norm),
        text(attack.model),
        rate(targetRates(attack).average),
        quantile(0.1),
        quantile(0.5),
        quantile(0.9),
      ];
    }),
  };
}

const targeted = ({ attacks }: EvaluationRecord) => attacks.filter(({ target }) => target !== null);

const targetedCells = (attack: AttackRecord, brief: string | undefined): Cell[] => [
  { text: whatOf(attack), note: optionsText(attack), brief: brief ?? attack.attack },
  text(attack.norm),
  ...(attack.eps === null ? [text('–')] : [number(attack.eps)]),
  text(attack.loss ?? '–'),
  text(attack.model),
];

/** How often the easiest target of an image was reached, all of its targets, and the hardest. */
export function targetTable(record: EvaluationRecord): Table {
  const briefs = briefNames(targeted(record));
  return {
    id: 'targets',
    caption:
      'Success of targeted attacks, %, with 95 % Wilson intervals over images: the easiest class of each image, their average, the hardest',
    columns: ['attack', 'norm', 'eps', 'loss', 'model', 'best', 'average', 'worst'],
    rows: targeted(record).map((attack) => {
      const { best, average, worst } = targetRates(attack);
      return [
        ...targetedCells(attack, briefs.get(nameOfAttack(attack))),
        ...[best, average, worst].map(rate),
      ];
    }),
  };
}

/** Distances to the nearest class, to all and to the farthest, where all of them were reached. */
export function targetDistanceTable(record: EvaluationRecord): Table {
  const briefs = briefNames(targeted(record));
  return {
    id: 'target-distances',
    caption:
      'Mean distance of targeted attacks over the images whose targets were all reached: nearest class, average, farthest',
    columns: ['attack', 'norm', 'eps', 'loss', 'model', 'images', 'best', 'average', 'worst'],
    rows: targeted(record).flatMap((attack) => {
      const found = targetDistances(attack);
      if (!found) return [];
      const { images, best, average, worst } = found;
      return [
        [
          ...targetedCells(attack, briefs.get(nameOfAttack(attack))),
          number(images, countText(images)),
          ...[best, average, worst].map((far) => number(far, far.toPrecision(3))),
        ],
      ];
    }),
  };
}

const pText = (p: number): string => (p < 1e-4 ? p.toExponential(0) : p.toPrecision(2));

/** Whether a difference is more than chance, all tests of its record considered. */
export const isSignificant = ({ holm }: TestRecord): boolean => holm < 0.05;

/** McNemar's exact tests of every model against the first. */
export function testTable({ tests }: EvaluationRecord): Table {
  const first = tests[0]?.first ?? 'the first model';
  return {
    id: 'tests',
    caption: `Against ${first} on the same images, under the attacks that both were given: images that only the model has right (gained) or only ${first} (lost), exact McNemar tests, Holm's correction for all ${tests.length}`,
    columns: ['model', 'metric', 'gained', 'lost', 'p', 'Holm p', 'at 5 %'],
    rows: tests.map((test) => [
      text(test.second),
      text(test.metric),
      number(test.onlySecond, countText(test.onlySecond)),
      number(test.onlyFirst, countText(test.onlyFirst)),
      number(test.p, pText(test.p)),
      number(test.holm, pText(test.holm)),
      text(isSignificant(test) ? 'significant' : 'not'),
    ]),
  };
}

/** What became of the gates. */
export function gateTable({ gates }: { readonly gates: readonly GateResult[] }): Table {
  return {
    id: 'gates',
    caption: 'Gates',
    columns: ['result', 'metric'],
    rows: gates.map((gate) => [text(gate.met ? 'met' : 'missed'), text(gateText(gate))]),
  };
}

/** What one attack did to every model. */
export function attackSummaryTable(record: EvaluationRecord): Table {
  return {
    id: 'attack',
    caption: 'Accuracy, %, with 95 % Wilson intervals',
    columns: ['model', 'clean', 'under attack', 'median distance', 'images/s'],
    rows: record.attacks.map((attack) => {
      const model = record.models.find(({ name }) => name === attack.model);
      const fell = attack.distance.filter((_, i) => attack.success[i]).sort((a, b) => a - b);
      const median = fell.at(fell.length >> 1);
      const { success, seconds } = attack;
      return [
        text(attack.model),
        model ? rate(model.accuracy) : NONE,
        { ...rate(attack.robust), doubtful: isBlind(record, attack) },
        median === undefined ? NONE : number(median, median.toFixed(3)),
        number(success.length / seconds, countText(Math.round(success.length / seconds))),
      ];
    }),
  };
}
