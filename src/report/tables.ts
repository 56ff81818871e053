/** The tables of a record that are about models; `attack-tables.ts` has those about attacks. */
import {
  type EvaluationRecord,
  type GateResult,
  gateText,
  type ModelRecord,
} from '../evaluation/index.ts';
import { answerNames, classText, counted, countText, numberText, percent } from '../numbers.ts';
import { grouped } from './attack-identity.ts';
import {
  certifiedOf,
  isSignificant,
  mainBudget,
  NO_GRADIENT_SHARE,
  primaryModel,
} from './record-facts.ts';
import { type Cell, NO_VALUE, numberCell, rateCell, type Table, textCell } from './table.ts';
import { distinct, interval } from './text.ts';

/** Accuracy of every model on the clean images. */
export function accuracyTable({ models, data }: EvaluationRecord): Table {
  return {
    id: 'accuracy',
    caption: `Accuracy on ${counted(data.labels.length, 'clean test image')}, %, with 95 % Wilson intervals`,
    columns: ['model', 'T', 'accuracy', 'wrong'],
    rows: models.map(({ name, temperature, accuracy }) => [
      textCell(name),
      numberCell(temperature),
      rateCell(accuracy),
      numberCell(accuracy.total - accuracy.hits),
    ]),
  };
}

/**
 * Images of the first and the primary model that stay correct: without an attack, and in the worst
 * case of every budget up to the main one.
 */
export function answerTable(record: EvaluationRecord): Table {
  const primary = primaryModel(record);
  const main = mainBudget(record.attacks);
  const compared = record.models.filter((model, i) => i === 0 || model === primary);
  const budgets = grouped(
    record.worstCases.filter(({ norm, eps }) => norm === main?.norm && eps <= main.eps),
    ({ norm, eps }) => `${norm} ${eps}`,
  ).sort(([a], [b]) => a.eps - b.eps);
  return {
    id: 'answer',
    caption: 'Images that stay correct',
    columns: ['against', ...compared.map(({ name }) => name)],
    rows: [
      [textCell('no attack'), ...compared.map(({ accuracy }) => rateCell(accuracy))],
      ...budgets.map((own) => [
        textCell(`all attacks, ${own[0].norm} ${numberText(own[0].eps)}`),
        ...compared.map(({ name }): Cell => {
          const found = own.find(({ model }) => model === name);
          return found ? rateCell(found) : NO_VALUE;
        }),
      ]),
      ...budgets.flatMap(([{ norm, eps }]) => {
        const proven = compared.map(({ name }) => certifiedOf(record, { norm, eps }, name));
        if (proven.every((rate) => rate === undefined)) return [];
        const cells = proven.map((rate) => (rate ? rateCell(rate) : NO_VALUE));
        return [[textCell(`proven, ${norm} ${numberText(eps)}`), ...cells]];
      }),
    ],
  };
}

/** Accuracy by true class, one column for each model. */
export function classTable({ models, data: { classNames } }: EvaluationRecord): Table {
  const classes = models[0]?.perClass.length ?? 0;
  return {
    id: 'classes',
    caption: 'Accuracy by true class, %',
    columns: ['class', ...models.map(({ name }) => name)],
    rows: Array.from({ length: classes }, (_, c) => [
      classNames ? textCell(classText(c, classNames)) : numberCell(c),
      ...models.map(({ perClass }) => (perClass[c] ? rateCell(perClass[c]) : NO_VALUE)),
    ]),
    isDetail: true,
  };
}

/** Counts of predicted classes (columns) for each true class (rows). */
export function confusionTable({
  name,
  confusion,
}: Pick<ModelRecord, 'name' | 'confusion'>): Table {
  const answers = confusion[0] ?? [];
  const names = answerNames(undefined, confusion.length, answers.length);
  return {
    id: `confusion-${name}`,
    caption: `Confusion matrix of ${name}: true class by row, predicted class by column`,
    columns: ['true', ...answers.map((_, c) => classText(c, names))],
    rows: confusion.map((counts, c) => [
      numberCell(c),
      ...counts.map((count) => numberCell(count, count === 0 ? '.' : countText(count))),
    ]),
    isCharted: true,
  };
}

/** Shares of images without a gradient and of signs that float32 got wrong, one row for each loss. */
export function gradientTable({ models }: EvaluationRecord): Table {
  const losses = distinct(models.flatMap(({ gradients }) => gradients.map(({ loss }) => loss)));
  const short = (share: number) => (100 * share).toFixed(1);
  return {
    id: 'gradients',
    caption:
      'Input gradients, %: images whose gradient is exactly zero / pixels whose sign is wrong in float32',
    unreliable: 'attacks that follow this gradient are no evidence of robustness',
    columns: ['loss', ...models.map(({ name }) => name)],
    rows: losses.map((loss) => [
      textCell(loss),
      ...models.map(({ gradients }): Cell => {
        const found = gradients.find((summary) => summary.loss === loss);
        if (!found) return NO_VALUE;
        const { zero, wrongSigns } = found;
        return {
          text: `${percent(zero.rate)} / ${percent(wrongSigns.rate)}`,
          note: `zero ${interval(zero)}`,
          brief: `${short(zero.rate)} / ${short(wrongSigns.rate)}`,
          value: zero.rate,
          isUnreliable: zero.rate > NO_GRADIENT_SHARE || wrongSigns.rate > 0.5,
        };
      }),
    ]),
  };
}

const pText = (p: number): string => (p < 1e-4 ? p.toExponential(0) : p.toPrecision(2));

/** McNemar's exact tests of every model against the first. */
export function testTable({ tests }: EvaluationRecord): Table {
  const first = tests[0]?.first ?? 'the first model';
  return {
    id: 'tests',
    caption: `Against ${first} on the same images, under the attacks run on both: images that only the model has right (gained) or only ${first} (lost), exact McNemar tests, Holm's correction for all ${tests.length}`,
    columns: ['model', 'metric', 'gained', 'lost', 'p', 'Holm p', 'at 5 %'],
    rows: tests.map((test) => [
      textCell(test.second),
      textCell(test.metric),
      numberCell(test.onlySecond, countText(test.onlySecond)),
      numberCell(test.onlyFirst, countText(test.onlyFirst)),
      numberCell(test.p, pText(test.p)),
      numberCell(test.holm, pText(test.holm)),
      textCell(isSignificant(test) ? 'significant' : 'not'),
    ]),
  };
}

/** Whether each gate was met. */
export function gateTable({ gates }: { readonly gates: readonly GateResult[] }): Table {
  return {
    id: 'gates',
    caption: 'Gates',
    columns: ['result', 'metric'],
    rows: gates.map((gate) => [textCell(gate.met ? 'met' : 'missed'), textCell(gateText(gate))]),
  };
}
