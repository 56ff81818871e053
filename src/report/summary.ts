/** A record in sentences; every renderer shows the same ones. */
import {
  type AttackRecord,
  type EvaluationRecord,
  type ModelRecord,
  type Rate,
  robustAccuracy,
  type TestRecord,
} from '../evaluation/index.ts';
import { counted, numberText, percent } from '../numbers.ts';
import { attackLabel } from './attack-identity.ts';
import {
  type Budget,
  type FixedBudgetAttack,
  isSignificant,
  lacksGradient,
  mainAttacks,
  mainBudget,
  misleadingAttack,
  primaryModel,
  verdictOn,
  worstCaseOf,
  zeroGradientShare,
} from './record-facts.ts';
import { rateText } from './text.ts';

/**
 * Up to three sentences: accuracy beside the first model's; what an attack without gradient
 * overstates; the worst case over the attacks of the record.
 */
export function summarize(record: EvaluationRecord): string[] {
  const primary = primaryModel(record);
  if (!primary) return ['This record holds no model.'];
  return [accuracySentence(record, primary), ...attackSentences(record, primary)];
}

/** Such as `, a significant difference (…)`; empty without a test. */
function significanceText(test: TestRecord | undefined): string {
  if (!test) return '';
  const p = `exact McNemar p = ${test.p.toPrecision(2)}, with Holm's correction ${test.holm.toPrecision(2)}`;
  return `, ${isSignificant(test) ? 'a significant difference' : 'no significant difference'} (${p})`;
}

function accuracySentence({ models, tests }: EvaluationRecord, primary: ModelRecord): string {
  const [first] = models;
  const images = counted(primary.accuracy.total, 'test image');
  const own = `On ${images} the accuracy of the ${primary.name} is ${rateText(primary.accuracy)}`;
  if (first.name === primary.name) return `${own}.`;
  const test = tests.find(
    (one) => one.metric === 'accuracy' && one.first === first.name && one.second === primary.name,
  );
  return `${own}, that of the ${first.name} ${rateText(first.accuracy)}${significanceText(test)}.`;
}

function attackSentences(record: EvaluationRecord, primary: ModelRecord): string[] {
  const own = mainAttacks(record.attacks.filter(({ model }) => model === primary.name));
  const main = mainBudget(own);
  if (!main) {
    return ['It was not attacked, so this record says nothing about its robustness.'];
  }
  const { norm, eps } = main;
  const attacks = own.filter((attack) => attack.norm === norm && attack.eps === eps);
  const withoutGradient = attacks.filter((attack) => lacksGradient(record, attack));
  const withGradient = attacks.filter((attack) => !lacksGradient(record, attack));
  const strongest = [...withGradient, ...withoutGradient].reduce((least, attack) =>
    attack.robust.rate < least.robust.rate ? attack : least,
  );
  const worst = worstCaseOf(record, main, primary.name) ?? strongest.robust;
  const isBroken = verdictOn(record, main, primary.name)?.ruling === 'broken';
  if (withGradient.length === 0 && !isBroken) {
    return [
      `Under attack (${budgetText(main)}) it keeps at most ${rateText(worst)}, but no attack at this budget is evidence of robustness: each climbs a loss whose gradient is exactly zero on more than a tenth of the images. Attack it with a loss whose gradient does not vanish, such as margin.`,
    ];
  }
  const naive = misleadingAttack(record, attacks, worst);
  return [
    ...(naive ? [misleadingSentence(record, naive)] : []),
    worstCaseSentence(record, main, primary, worst, strongest),
  ];
}

const budgetText = ({ norm, eps }: Budget): string => `${norm} eps ${numberText(eps)}`;

function misleadingSentence(record: EvaluationRecord, attack: FixedBudgetAttack): string {
  const zero = percent(zeroGradientShare(record, attack));
  return `Under ${attackLabel(attack)} (${budgetText(attack)}) it seems to keep ${rateText(attack.robust)}, but that is no evidence: the gradient of this loss is exactly zero on ${zero} of the images, so the attack has no direction to follow.`;
}

function worstCaseSentence(
  record: EvaluationRecord,
  budget: Budget,
  primary: ModelRecord,
  worst: Rate,
  strongest: AttackRecord,
): string {
  const [first] = record.models;
  const other = first.name === primary.name ? undefined : worstCaseOf(record, budget, first.name);
  const test = record.tests.find(
    (one) =>
      one.metric === robustAccuracy(budget) &&
      one.first === first.name &&
      one.second === primary.name,
  );
  const compared = other
    ? `; the ${first.name} keeps at most ${rateText(other)}${significanceText(test)}`
    : '';
  const ruling = verdictOn(record, budget, primary.name)?.ruling;
  const verdict =
    ruling === 'broken'
      ? ': it is broken at this budget'
      : ruling === 'open'
        ? ', and evidence is missing that it keeps that much'
        : '';
  return `In the worst case over all attacks (${budgetText(budget)}; the strongest is ${attackLabel(strongest)}) it keeps at most ${rateText(worst)}${verdict}${compared}.`;
}
