/** The answer: is the model robust, against what, and how sure is that. Every renderer begins with it. */
import {
  type EvaluationRecord,
  evidenceTitle,
  type ModelRecord,
  type Rate,
  type Verdict,
} from '../evaluation/index.ts';
import { countText, numberText, percent } from '../numbers.ts';
import {
  type Budget,
  certifiedOf,
  type FixedBudgetAttack,
  mainAttacks,
  mainBudget,
  misleadingAttack,
  primaryModel,
  verdictOn,
  worstCaseOf,
  zeroGradientShare,
} from './record-facts.ts';

export interface Answer {
  /** `unattacked` where nothing can be said. */
  readonly ruling: Verdict['ruling'] | 'unattacked';
  /** The ruling in a few words, such as `Not robust`. */
  readonly word: string;
  /** How many images stay correct at which budget, beside the first model: the rest of the headline. */
  readonly finding: string;
  /** Why the best-looking number is none; null where no number misleads. */
  readonly artifact: string | null;
  /** How sure the ruling is. */
  readonly certainty: string;
  readonly model: string | null;
  readonly norm: Budget['norm'] | null;
  readonly eps: number | null;
  /** Images that stay correct under every attack, of those attacked. */
  readonly robust: Rate | null;
  /** The same of the first model, where that is another one. */
  readonly baseline: { readonly model: string; readonly robust: Rate } | null;
}

/** The first sentence, such as `Not robust: 0 of 1,000 images stay correct at Linf 0.3 (baseline: 0).` */
export const headline = ({ word, finding }: Answer): string => `${word}: ${finding}`;

/** The whole answer in sentences, the headline first. */
export const answerSentences = (answer: Answer): string[] => [
  headline(answer),
  ...(answer.artifact === null ? [] : [answer.artifact]),
  answer.certainty,
];

/** The record with the answer in front. */
export function withAnswer({ answer: old, ...record }: EvaluationRecord) {
  return { answer: answerSentences(answerOf(record)).join(' '), ...record };
}

const WORDS: Readonly<Record<Answer['ruling'], string>> = {
  broken: 'Not robust',
  bounded: 'At best partly robust',
  open: 'No verdict',
  unattacked: 'Not tested',
};

/** The answer that a record gives about the model that it is about. */
export function answerOf(record: EvaluationRecord): Answer {
  const primary = primaryModel(record);
  const own = mainAttacks(record.attacks.filter(({ model }) => model === primary?.name));
  const budget = mainBudget(own);
  const robust = primary && budget && worstCaseOf(record, budget, primary.name);
  if (!primary || !budget || !robust) return unanswered(primary);
  const [first] = record.models;
  const verdict = verdictOn(record, budget, primary.name);
  const ruling = verdict?.ruling ?? 'open';
  const other = first.name === primary.name ? undefined : worstCaseOf(record, budget, first.name);
  const { norm, eps } = budget;
  const compared = other ? ` (${first.name}: ${countText(other.hits)})` : '';
  const most = ruling === 'broken' || robust.hits === 0 ? '' : 'at most ';
  const certified = certifiedOf(record, budget, primary.name);
  const least =
    certified && most !== '' ? `at least ${countText(certified.hits)} (proven) and ` : '';
  return {
    ruling,
    word: WORDS[ruling],
    finding: `${least}${most}${countText(robust.hits)} of ${countText(robust.total)} images stay correct at ${norm} ${numberText(eps)}${compared}.`,
    artifact: artifactOf(record, budget, own, robust),
    certainty: certaintyOf(ruling, robust, verdict),
    model: primary.name,
    norm,
    eps,
    robust,
    baseline: other ? { model: first.name, robust: rateAlone(other) } : null,
  };
}

const rateAlone = ({ hits, total, rate, low, high }: Rate): Rate => ({
  hits,
  total,
  rate,
  low,
  high,
});

function unanswered(primary: ModelRecord | undefined): Answer {
  return {
    ruling: 'unattacked',
    word: WORDS.unattacked,
    finding: primary
      ? `no attack within a budget was run on the ${primary.name}.`
      : 'this record holds no model.',
    artifact: null,
    certainty: 'Nothing is known about robustness.',
    model: primary?.name ?? null,
    norm: null,
    eps: null,
    robust: null,
    baseline: null,
  };
}

/** Names up to this long are acronyms: FGSM, PGD, MI-FGSM. */
const ACRONYM = 7;

/** Such as `FGSM on softmax`. */
const attackInWords = ({ attack, loss }: FixedBudgetAttack): string => {
  const name = attack.length <= ACRONYM ? attack.toUpperCase() : attack;
  return loss === null ? name : `${name} on ${loss}`;
};

/** The best-looking number of an attack that had no gradient to follow, where another did better. */
function artifactOf(
  record: EvaluationRecord,
  { norm, eps }: Budget,
  own: readonly FixedBudgetAttack[],
  worst: Rate,
): string | null {
  const atBudget = own.filter((attack) => attack.norm === norm && attack.eps === eps);
  const shown = misleadingAttack(record, atBudget, worst);
  if (!shown) return null;
  const zero = percent(zeroGradientShare(record, shown), 1);
  return `The ${percent(shown.robust.rate, 1)} under ${attackInWords(shown)} is an artifact: that gradient is zero on ${zero} of the images.`;
}

function certaintyOf(
  ruling: Verdict['ruling'],
  { low, high }: Rate,
  verdict: Verdict | undefined,
): string {
  const interval = `95 % interval ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %`;
  if (ruling === 'broken') {
    return `Sure: the model was seen to misclassify every adversarial example (${interval} stay correct).`;
  }
  const evidence = verdict?.evidence ?? [];
  if (ruling === 'bounded') {
    return `As sure as attacks can be: all that counts as evidence was seen (${interval}). Only a proof could say that these images are safe.`;
  }
  const missing = evidence.filter(({ met }) => !met).map(({ code }) => evidenceTitle(code));
  return missing.length === 0
    ? 'Not sure: this evaluation reached no verdict.'
    : `Not sure: evidence is missing (${missing.join('; ')}).`;
}
