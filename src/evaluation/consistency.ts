/**
 * Whether the parts of a record agree: arrays that go together have one length, every class and model
 * exists, and what can be counted again is what the record says.
 */
import { type Rate, rateOf, summarizeAccuracy } from './accuracy.ts';
import type { AttackRecord, EvaluationRecord, ModelRecord } from './records.ts';

/** Rates may differ by rounding. */
const SLACK = 1e-9;

const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= SLACK;

function sameRate(found: Rate, expected: Rate): boolean {
  const isSame = found.hits === expected.hits && found.total === expected.total;
  return isSame && (['rate', 'low', 'high'] as const).every((k) => isClose(found[k], expected[k]));
}

/** Images that the model has right when clean and on which no row of the attack succeeded. */
export function robustRate(
  attack: { readonly positions: readonly number[]; readonly success: readonly boolean[] },
  { predicted }: Pick<ModelRecord, 'predicted'>,
  labels: ArrayLike<number>,
): Rate {
  const robust = new Map<number, boolean>();
  attack.positions.forEach((position, row) => {
    const isRight = predicted[position] === labels[position];
    robust.set(position, (robust.get(position) ?? isRight) && !attack.success[row]);
  });
  return rateOf([...robust.values()].filter(Boolean).length, robust.size);
}

/** How many classes a model may answer: one more than the data have, where it has an outlier class. */
const answersOf = ({ confusion }: Pick<ModelRecord, 'confusion'>): number =>
  confusion[0]?.length ?? 0;

/** What is wrong with a model's part; undefined: nothing. */
function modelProblem(model: ModelRecord, labels: readonly number[]): string | undefined {
  const { predicted, confusion, perClass, accuracy } = model;
  const classes = confusion.length;
  const answers = answersOf(model);
  if (predicted.length !== labels.length) {
    return `${predicted.length} predictions for ${labels.length} labels`;
  }
  if (predicted.some((one) => one >= answers) || labels.some((one) => one >= classes)) {
    return `a class beyond the ${classes} of its confusion matrix`;
  }
  const counted = summarizeAccuracy(predicted, labels, classes, answers);
  if (JSON.stringify(counted.confusion) !== JSON.stringify(confusion)) {
    return 'a confusion matrix that does not count its predictions';
  }
  if (!sameRate(accuracy, counted.accuracy)) return 'an accuracy that its predictions do not have';
  const isCounted = (one: Rate, label: number) => sameRate(one, counted.perClass[label]);
  if (perClass.length !== classes || !perClass.every(isCounted)) {
    return 'accuracies by class that its predictions do not have';
  }
  const problem = probesProblem(model);
  if (problem) return problem;
  const isWhole = model.gradientTruth.every(
    ({ scales, ratios }) =>
      ratios.length === scales.length && ratios.every((row) => row.length === ratios[0].length),
  );
  if (!isWhole) return 'gradient truths of different lengths';
  const images = model.answers.repeated.length;
  const isBeyond = model.curves?.some(({ budgets }) => budgets.length > images);
  return isBeyond ? 'curves of more images than were attacked' : undefined;
}

/** What is wrong with what was measured on each attacked image. */
function probesProblem({ answers, gradients, gaps }: ModelRecord): string | undefined {
  const images = answers.repeated.length;
  const changed = answers.repeated.filter((one) => !one).length;
  if (gaps.length !== images) return 'gaps of other images than its answers';
  if (!sameRate(answers.unstable, rateOf(changed, images))) return 'answers that do not count up';
  const isCounted = gradients.every(({ zero, wrongSigns, largest, wrongPixels }) => {
    const zeros = largest.filter((one) => one === 0).length;
    const wrong = wrongPixels.reduce((a, b) => a + b, 0);
    return (
      largest.length === images &&
      wrongPixels.length === images &&
      sameRate(zero, rateOf(zeros, images)) &&
      sameRate(wrongSigns, rateOf(wrong, wrongSigns.total))
    );
  });
  return isCounted ? undefined : 'gradients that do not count up';
}

/** What is wrong with an attack's part, that of its model being right. */
function attackProblem(
  attack: AttackRecord,
  model: ModelRecord,
  labels: readonly number[],
): string | undefined {
  const { positions, targets, predicted, distance, success, legal, queries } = attack;
  const rows = positions.length;
  const lists = [predicted, distance, success, legal, targets, queries].filter(
    (list) => list !== null,
  );
  if (lists.some(({ length }) => length !== rows)) return 'rows of different numbers';
  if (positions.some((position) => position >= labels.length)) return 'an image that is not there';
  const answers = answersOf(model);
  if ([...predicted, ...(targets ?? [])].some((one) => one >= answers)) {
    return `a class beyond the ${answers} of its model`;
  }
  const { target } = attack;
  const isOneClass = typeof target === 'number' && targets?.every((one) => one === target);
  if (target === null ? targets !== null : !(isOneClass || (target === 'every' && targets))) {
    return 'targets for another goal';
  }
  const reaches = (row: number) =>
    targets === null ? predicted[row] !== labels[positions[row]] : predicted[row] === targets[row];
  if (success.some((one, row) => one && !(reaches(row) && legal[row]))) {
    return 'a success whose class or distance is none';
  }
  return sameRate(attack.robust, robustRate(attack, model, labels))
    ? undefined
    : 'a robust accuracy that its rows do not have';
}

/** The first disagreement in a record, for a message; undefined: there is none. */
export function inconsistencyIn(record: EvaluationRecord): string | undefined {
  const { data, models, attacks } = record;
  const { labels, indices, classNames } = data;
  if (indices.length !== labels.length) {
    return `the data have ${indices.length} indices and ${labels.length} labels`;
  }
  const names = models.map(({ name }) => name);
  if (new Set(names).size !== names.length) return 'two models have one name';
  for (const model of models) {
    const problem = modelProblem(model, labels);
    if (problem) return `${model.name} has ${problem}`;
    if (classNames && classNames.length !== model.confusion.length) {
      return `the data name ${classNames.length} classes, ${model.name} has ${model.confusion.length}`;
    }
  }
  for (const attack of attacks) {
    const model = models.find(({ name }) => name === attack.model);
    if (!model) return `an attack is on ${attack.model}, which is no model of the record`;
    const problem = attackProblem(attack, model, labels);
    if (problem) return `${attack.attack} on ${attack.model} has ${problem}`;
  }
  const others = [...record.worstCases, ...record.flags, ...record.verdicts, ...record.gates];
  const stray = others.find(({ model }) => !names.includes(model));
  return stray && `a conclusion is on ${stray.model}, which is no model of the record`;
}
