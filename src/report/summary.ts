/** What a record says, in sentences. The page, the Markdown form and the terminal say the same. */
import {
  type AttackRecord,
  type EvaluationRecord,
  isFixedBudget,
  type ModelRecord,
  type Rate,
  robustAccuracy,
} from '../evaluation/index.ts';
import { numberText, percent } from '../numbers.ts';
import { isBlind, isSignificant } from './tables.ts';
import { attackName, countText, rateText } from './text.ts';

/** The model that a record is about: the last one trained at a temperature, else the last. */
export function primaryModel<M extends { readonly temperature: number }>({
  models,
}: {
  readonly models: readonly M[];
}): M | undefined {
  return models.findLast(({ temperature }) => temperature !== 1) ?? models.at(-1);
}

/**
 * Up to three sentences: accuracy beside the first model's; what the naive attack seems to show;
 * what is left under the strongest attacks of the record.
 */
export function verdict(record: EvaluationRecord): string[] {
  const subject = primaryModel(record);
  if (!subject) return ['This record holds no model.'];
  return [accuracySentence(record, subject), ...attackSentences(record, subject)];
}

function accuracySentence({ models, tests }: EvaluationRecord, subject: ModelRecord): string {
  const [first] = models;
  const own = `On ${countText(subject.accuracy.total)} test images the ${subject.name} is right on ${rateText(subject.accuracy)}`;
  if (first.name === subject.name) return `${own}.`;
  const other = `the ${first.name} on ${rateText(first.accuracy)}`;
  const test = tests.find(
    (one) => one.metric === 'accuracy' && one.first === first.name && one.second === subject.name,
  );
  if (!test) return `${own}, ${other}.`;
  const p = `exact McNemar p = ${test.p.toPrecision(2)}`;
  return `${own}, ${other}: ${test.p < 0.05 ? `a significant difference (${p})` : `no significant difference (${p})`}.`;
}

/**
 * The budget that most attacks share, the largest where several do: an attack at an enormous eps
 * is a check of the evaluation, not a threat.
 */
export function mainBudget(
  attacks: readonly AttackRecord[],
): { readonly norm: AttackRecord['norm']; readonly eps: number } | undefined {
  const budgets = new Map<string, { norm: AttackRecord['norm']; eps: number; count: number }>();
  for (const { norm, eps, targets } of attacks.filter(isFixedBudget)) {
    if (targets !== null) continue;
    const key = `${norm} ${eps}`;
    const count = (budgets.get(key)?.count ?? 0) + 1;
    budgets.set(key, { norm, eps, count });
  }
  return [...budgets.values()].sort((a, b) => b.count - a.count || b.eps - a.eps)[0];
}

function attackSentences(record: EvaluationRecord, subject: ModelRecord): string[] {
  const own = record.attacks
    .filter(isFixedBudget)
    .filter(({ model, targets }) => model === subject.name && targets === null);
  const main = mainBudget(own);
  if (!main) {
    return ['It was not attacked, so this record says nothing about its robustness.'];
  }
  const { norm, eps } = main;
  const strongest = own.filter((attack) => attack.norm === norm && attack.eps === eps);
  const blind = strongest.filter((attack) => isBlind(record, attack));
  const sighted = strongest.filter((attack) => !isBlind(record, attack));
  const budget = `${norm} eps ${numberText(eps)}`;
  const sentences: string[] = [];
  if (blind.length > 0) {
    const naive = blind.find(({ loss }) => loss === 'softmax') ?? blind[0];
    const zero = subject.gradients.find(({ loss }) => loss === naive.loss)?.zero.rate ?? 0;
    sentences.push(
      `Attacked with ${attackName(naive)} (${budget}) it seems to keep ${rateText(naive.robust)}, but that loss has a gradient of exactly zero on ${percent(zero)} of the images: the attack sees nothing.`,
    );
  }
  if (sighted.length === 0) {
    sentences.push(
      'Every attack in this record was blind, so there is no verdict on robustness: run `distill evaluate` with a loss that does not vanish, such as margin.',
    );
    return sentences;
  }
  sentences.push(worstSentence(record, subject, { norm, eps, budget }, lowest(sighted)));
  return sentences;
}

const lowest = (attacks: readonly AttackRecord[]): AttackRecord =>
  attacks.reduce((least, attack) => (attack.robust.rate < least.robust.rate ? attack : least));

function worstSentence(
  record: EvaluationRecord,
  subject: ModelRecord,
  { norm, eps, budget }: { norm: AttackRecord['norm']; eps: number; budget: string },
  strongest: AttackRecord,
): string {
  const found = record.worstCases.filter((one) => one.norm === norm && one.eps === eps);
  const worstOf = (model: string): Rate | undefined => found.find((one) => one.model === model);
  const own = worstOf(subject.name) ?? strongest.robust;
  const [first] = record.models;
  const other = first.name === subject.name ? undefined : worstOf(first.name);
  const test = record.tests.find(
    (one) => one.metric === robustAccuracy({ norm, eps }) && one.second === subject.name,
  );
  const chance = test
    ? `, ${isSignificant(test) ? 'a significant difference' : 'no significant difference'} (exact McNemar p = ${test.p.toPrecision(2)}, with Holm's correction ${test.holm.toPrecision(2)})`
    : '';
  const compared = other ? `; the ${first.name} at most ${rateText(other)}${chance}` : '';
  return `Against the worst of all attacks (${budget}; the strongest is ${attackName(strongest)}) it keeps at most ${rateText(own)}${compared}.`;
}
