/** What tables, charts and summary ask of a record, each in one place. */
import {
  type AttackFailure,
  type AttackRecord,
  type EvaluationRecord,
  type FixedBudget,
  isFixedBudget,
  type ModelRecord,
  type Rate,
  rateOf,
  type TestRecord,
  type Verdict,
} from '../evaluation/index.ts';
import { answerNames } from '../numbers.ts';
import { grouped } from './attack-identity.ts';

/** The model that a record is about: the last one trained at a temperature, else the last. */
export function primaryModel<M extends { readonly temperature: number }>({
  models,
}: {
  readonly models: readonly M[];
}): M | undefined {
  return models.findLast(({ temperature }) => temperature !== 1) ?? models.at(-1);
}

/** Number of images whose pixels the record carries. */
export const exampleCount = ({ data, models }: EvaluationRecord): number =>
  data.examples ? (models.at(0)?.examples?.confidence.length ?? 0) : 0;

/** The names of what the models answer, where there are some. */
export const answerNamesOf = ({
  data,
  models,
}: EvaluationRecord): readonly string[] | undefined => {
  const [rows] = models.map(({ confusion }) => confusion.length);
  const answers = models.map(({ confusion }) => confusion[0]?.length ?? 0);
  return answerNames(data.classNames, rows, Math.max(...answers));
};

/** An attack that must keep a budget. */
export type FixedBudgetAttack = AttackRecord & FixedBudget;
export type Budget = Pick<FixedBudgetAttack, 'norm' | 'eps'>;

/** The untargeted attacks of a fixed budget: those that curves over eps show. */
export const untargetedAttacks = (attacks: readonly AttackRecord[]): FixedBudgetAttack[] =>
  attacks.filter(isFixedBudget).filter(({ target }) => target === null);

/** The attacks of a fixed budget that say how robust models are: untargeted ones, others where there are none. */
export function mainAttacks(attacks: readonly AttackRecord[]): FixedBudgetAttack[] {
  const untargeted = untargetedAttacks(attacks);
  return untargeted.length > 0 ? untargeted : attacks.filter(isFixedBudget);
}

/**
 * The budget that most of the main attacks share, the largest where several do: an attack at an
 * enormous eps is a check of the evaluation, not a threat.
 */
export function mainBudget(attacks: readonly AttackRecord[]): Budget | undefined {
  const budgets = grouped(mainAttacks(attacks), ({ norm, eps }) => `${norm} ${eps}`);
  return budgets
    .sort((a, b) => b.length - a.length || b[0].eps - a[0].eps)
    .at(0)
    ?.at(0);
}

/** Accuracy of a model under all attacks within a budget; undefined where there were none. */
export const worstCaseOf = (
  { worstCases }: EvaluationRecord,
  { norm, eps }: Budget,
  name: string,
): Rate | undefined =>
  worstCases.find((one) => one.model === name && one.norm === norm && one.eps === eps);

/** What is proven of a model at a budget; undefined where nothing was to be proven. */
export const certifiedOf = (
  { certificates = [] }: EvaluationRecord,
  { norm, eps }: Budget,
  name: string,
): Rate | undefined =>
  certificates.find((one) => one.model === name && one.norm === norm && one.eps === eps)?.certified;

/** The verdict on a model at a budget. */
export const verdictOn = (
  { verdicts }: EvaluationRecord,
  { norm, eps }: Budget,
  name: string,
): Verdict | undefined =>
  verdicts.find((one) => one.model === name && one.norm === norm && one.eps === eps);

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

/**
 * Share of images on which the loss of an attack has a gradient of exactly zero, on the model that
 * the gradient is taken from; 0 where that was not measured.
 */
export function zeroGradientShare({ models }: EvaluationRecord, attack: AttackRecord): number {
  const model = models.find(({ name }) => name === (attack.source ?? attack.model));
  return model?.gradients.find(({ loss }) => loss === attack.loss)?.zero.rate ?? 0;
}

/** Share of images without a gradient past which a gradient attack is no evidence. */
export const NO_GRADIENT_SHARE = 0.1;

/** Whether the loss of an attack had no gradient on many images, so that its result says nothing. */
export const lacksGradient = (record: EvaluationRecord, attack: AttackRecord): boolean =>
  zeroGradientShare(record, attack) > NO_GRADIENT_SHARE;

/**
 * Of attacks at one budget, one that looks better for the model than the worst case only because its
 * gradient was missing, the softmax loss before others.
 */
export function misleadingAttack<A extends AttackRecord>(
  record: EvaluationRecord,
  attacks: readonly A[],
  worst: Pick<Rate, 'rate'>,
): A | undefined {
  const found = attacks.filter(
    (attack) => attack.robust.rate > worst.rate && lacksGradient(record, attack),
  );
  return found.find(({ loss }) => loss === 'softmax') ?? found.at(0);
}

/** Whether a difference is more than chance, all tests of its record considered. */
export const isSignificant = ({ holm }: TestRecord): boolean => holm < 0.05;

/** Which attack on which model ended with which error, in one line. */
export const failureText = ({ model, attack, message }: AttackFailure): string =>
  `the attack ${attack} on ${model} ended with an error: ${message}`;
