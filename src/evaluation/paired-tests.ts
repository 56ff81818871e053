/** Two models on the same images: is their difference more than chance? */
import type { Threat } from '../attacks/index.ts';
import { numberText } from '../numbers.ts';
import { holm, mcnemar } from '../statistics.ts';
import { nameOfAttack } from './names.ts';
import type { AttackRecord, ModelRecord, TestRecord } from './records.ts';
import { budgetsOf, robustImages, threatsOf } from './worst-case.ts';

/** Such as `robust accuracy (Linf 0.1)`. */
export const robustAccuracy = ({ norm, eps }: Threat): string =>
  `robust accuracy (${norm} ${numberText(eps)})`;

/** Outcomes of two models, image by image. */
export interface Pair {
  readonly metric: string;
  readonly first: readonly boolean[];
  readonly second: readonly boolean[];
}

/** How many images count for one of the two alone. */
export function discordant({ first, second }: Pair): { onlyFirst: number; onlySecond: number } {
  const only = (a: readonly boolean[], b: readonly boolean[]) =>
    a.filter((right, i) => right && i < b.length && !b[i]).length;
  return { onlyFirst: only(first, second), onlySecond: only(second, first) };
}

/**
 * Two models on the clean images, and under the worst case of each budget. A worst case is over the
 * attacks that both were given (a transfer attack spares the model it borrows from), else the
 * model that was attacked more would look weaker.
 */
export function pairsOf(
  first: ModelRecord,
  second: ModelRecord,
  attacks: readonly AttackRecord[],
  labels: readonly number[],
): Pair[] {
  const right = ({ predicted }: ModelRecord) => labels.map((label, i) => predicted[i] === label);
  const of = ({ name }: ModelRecord) => attacks.filter(({ model }) => model === name);
  const shared = (own: AttackRecord[], others: AttackRecord[]) => {
    const names = new Set(others.map(nameOfAttack));
    return own.filter((attack) => names.has(nameOfAttack(attack)));
  };
  const firsts = shared(of(first), of(second));
  const seconds = shared(of(second), of(first));
  return [
    { metric: 'accuracy', first: right(first), second: right(second) },
    ...threatsOf(firsts).map((threat) => ({
      metric: robustAccuracy(threat),
      first: robustImages(first, firsts, labels, threat),
      second: robustImages(second, seconds, labels, threat),
    })),
  ];
}

/**
 * Every model against the first, by McNemar's exact test, corrected together by Holm. A budget that
 * breaks any model checks the attacks and compares no models, so it is not tested.
 */
export function pairedTests(
  models: readonly ModelRecord[],
  attacks: readonly AttackRecord[],
  labels: readonly number[],
): TestRecord[] {
  const [first, ...others] = models;
  const tested = ['accuracy', ...budgetsOf(attacks).map(robustAccuracy)];
  const tests = others.flatMap((second) =>
    pairsOf(first, second, attacks, labels)
      .filter(({ metric }) => tested.includes(metric))
      .map((pair) => {
        const counts = discordant(pair);
        return {
          kind: 'mcnemar' as const,
          metric: pair.metric,
          first: first.name,
          second: second.name,
          ...counts,
          p: mcnemar(counts.onlyFirst, counts.onlySecond),
        };
      }),
  );
  const corrected = holm(tests.map(({ p }) => p));
  return tests.map((test, i) => ({ ...test, holm: corrected[i] }));
}
