/**
 * What must have been seen before "robust accuracy is at most X" is more than "these attacks left X".
 * Each kind of evidence is one entry of a table, as `docs/honest-evaluation.md` explains it.
 *
 * Papers: Carlini et al. 2019, "On Evaluating Adversarial Robustness"; Pintor et al. 2022,
 * "Indicators of Attack Failure".
 */
import { ATTACKS, attackNamed, type Threat } from '../attacks/index.ts';
import { numberText, percent } from '../numbers.ts';
import { gapOfWins, isStronger, significantGap, type Wins, winsWithin } from './comparisons.ts';
import { type FlagCode, isAdaptive } from './flags.ts';
import { truthfulShare } from './gradient-truth.ts';
import { LARGE_EPS } from './large-eps.ts';
import { type AttackIdentity, isFixedBudget, nameOfAttack } from './names.ts';
import type { AttackRecord, EvaluationRecord, Evidence, ModelRecord } from './records.ts';

/** Share of images without a gradient up to which an attack counts as having one. */
const MOST_ZERO_GRADIENTS = 0.05;
/** Steps from which an attack counts as iterative; no one expects fewer to find what there is. */
const LEAST_STEPS = 10;
/** How much above guessing an attack at a large budget may leave. */
const ABOVE_CHANCE = 0.05;
/** Share of the images on which a search without a budget must succeed. */
const LEAST_SUCCESS = 0.95;
/** Share of the images on which the gradient must tell the truth. */
const LEAST_TRUTHFUL = 0.9;
/** What more steps may gain once an attack has found what there is. */
const CONVERGED = 0.03;
const MOST_UNSTABLE = 0.01;

/** Attacks that ask for no gradients of the model; those that exist and know the norm must be run. */
const GRADIENT_FREE: readonly string[] = ['square', 'surrogate'];

/** Flags that say that the evaluation itself went wrong. */
const INTEGRITY: readonly FlagCode[] = [
  'probabilities-as-logits',
  'illegal-candidates',
  'unverified-examples',
  'failed-attack',
];

/** One model at one budget. */
export interface Situation {
  readonly model: ModelRecord;
  readonly threat: Threat;
  /** The attacks on the model that aim away from the true class, at all budgets. */
  readonly attacks: readonly AttackRecord[];
  readonly flags: EvaluationRecord['flags'];
}

type Finding = Pick<Evidence, 'met' | 'detail'>;

interface EvidenceRule {
  readonly code: string;
  /** What must be seen. */
  readonly title: string;
  check(situation: Situation): Finding;
  /** Whether the result of an attack that was not run might be what is missing. */
  isSuppliedBy(attack: AttackIdentity, situation: Situation): boolean;
}

const met = (detail: string): Finding => ({ met: true, detail });
const missing = (detail: string): Finding => ({ met: false, detail });

/** Gradient-free attacks that a verdict in this norm needs. */
export const gradientFreeIn = ({ norm }: Pick<Threat, 'norm'>): readonly string[] =>
  GRADIENT_FREE.filter((name) =>
    ATTACKS.some((attack) => attack.name === name && attack.norms.includes(norm)),
  );

/** Share of images on which the loss of an attack has no gradient; 1 where that was not measured. */
const zeroShare = ({ loss }: AttackIdentity, { gradients }: ModelRecord): number =>
  gradients.find((one) => one.loss === (loss ?? 'margin'))?.zero.rate ?? 1;

/** Whether an attack climbs gradients, for long enough, on a loss that cannot vanish on this model. */
const isEvidence = (attack: AttackIdentity, model: ModelRecord): boolean =>
  attackNamed(attack.attack).access === 'gradient' &&
  isAdaptive(attack, model) &&
  (attack.options.steps ?? LEAST_STEPS) >= LEAST_STEPS;

/** Whether it was given this budget; in L0 no iterative attack takes one, and searches stand for them. */
const isAt = (attack: AttackIdentity, { norm, eps }: Threat): boolean =>
  attack.norm === norm && (isFixedBudget(attack) ? attack.eps === eps : norm === 'L0');

const isEvidenceAt = (attack: AttackIdentity, { model, threat }: Situation): boolean =>
  isEvidence(attack, model) && isAt(attack, threat);

const isLargeBudget = (attack: AttackIdentity, { norm }: Threat): boolean =>
  attack.norm === norm &&
  (norm === 'L0' ? !isFixedBudget(attack) : isFixedBudget(attack) && attack.eps >= LARGE_EPS[norm]);

/** The attacks of the budget that climb gradients which are there. */
const soundAttacks = (situation: Situation): AttackRecord[] =>
  situation.attacks
    .filter((attack) => isEvidenceAt(attack, situation))
    .filter((attack) => zeroShare(attack, situation.model) <= MOST_ZERO_GRADIENTS);

/** All attacks of the budget with the gradients of the model, together. */
const gradientWins = ({ attacks, threat }: Situation): Wins =>
  winsWithin(
    attacks
      .filter((attack) => attackNamed(attack.attack).access === 'gradient')
      .filter((attack) => isAt(attack, threat)),
    threat,
  );

function gradientAttack(situation: Situation): Finding {
  const { attacks, model } = situation;
  const [sound] = soundAttacks(situation);
  if (sound) {
    const zero = percent(zeroShare(sound, model));
    return met(`${nameOfAttack(sound)}, whose gradient is zero on ${zero} of the images`);
  }
  const found = attacks.find((attack) => isEvidenceAt(attack, situation));
  return missing(
    found
      ? `the gradient of ${nameOfAttack(found)} is zero on ${percent(zeroShare(found, model))} of the images`
      : 'none was run',
  );
}

function largeBudget({ attacks, model, threat }: Situation): Finding {
  const own = attacks.filter(
    (attack) => isEvidence(attack, model) && isLargeBudget(attack, threat),
  );
  if (own.length === 0) return missing('none was run');
  if (threat.norm === 'L0') {
    const best = Math.max(
      ...own.map(({ success }) => success.filter(Boolean).length / success.length),
    );
    const detail = `a search without a budget succeeds on ${percent(best)} of the images`;
    return { met: best >= LEAST_SUCCESS, detail };
  }
  const least = Math.min(...own.map(({ robust }) => robust.rate));
  const chance = 1 / model.confusion.length;
  const detail = `at ${threat.norm} ${numberText(LARGE_EPS[threat.norm])} it leaves ${percent(least)}; guessing gives ${percent(chance)}`;
  return { met: least <= chance + ABOVE_CHANCE, detail };
}

/** The attacks without gradients that this budget was given. */
const freeAttacks = ({ attacks, threat }: Situation): AttackRecord[] =>
  attacks.filter(
    (attack) => gradientFreeIn(threat).includes(attack.attack) && isAt(attack, threat),
  );

function gradientFree(situation: Situation): Finding {
  const { threat } = situation;
  const needed = gradientFreeIn(threat);
  if (needed.length === 0) return missing(`no such attack here knows ${threat.norm}`);
  const run = freeAttacks(situation);
  const absent = needed.filter((name) => !run.some(({ attack }) => attack === name));
  if (absent.length > 0) return missing(`${absent.join(' and ')} not run`);
  const wins = gradientWins(situation);
  const better = run
    .map((attack) => ({ attack, gap: significantGap(winsWithin([attack], threat), wins) }))
    .sort((a, b) => b.gap - a.gap)[0];
  return better.gap > 0
    ? missing(`${nameOfAttack(better.attack)} wins on ${percent(better.gap)} of the images more`)
    : met(needed.join(' and '));
}

function gradientTruth({ model, threat }: Situation): Finding {
  const found = model.gradientTruth.find(
    ({ norm, eps }) => norm === threat.norm && eps === threat.eps,
  );
  if (!found) return missing('not measured');
  const share = truthfulShare(found);
  const images = found.ratios[0].length;
  const detail = `predicted and measured change of the margin agree on ${percent(share)} of ${images} images`;
  return { met: share >= LEAST_TRUTHFUL, detail };
}

function converged(situation: Situation): Finding {
  const { threat } = situation;
  const sound = soundAttacks(situation);
  const pairs = sound.flatMap((weak) =>
    sound.filter((strong) => isStronger(strong, weak)).map((strong) => ({ weak, strong })),
  );
  if (pairs.length === 0) return missing('no attack was run with different amounts of steps');
  const wins = winsWithin(sound, threat);
  const gains = pairs.map(({ weak, strong }) => {
    const own = winsWithin([strong], threat);
    const gain = (first: Wins, second: Wins) =>
      significantGap(first, second) === 0 ? 0 : gapOfWins(first, second).difference;
    // A pair says nothing of convergence where another attack finds much more than both.
    return { strong, gain: Math.max(gain(own, winsWithin([weak], threat)), gain(wins, own)) };
  });
  const [least] = gains.sort((a, b) => a.gain - b.gain);
  return least.gain < CONVERGED
    ? met(nameOfAttack(least.strong))
    : missing(`more effort still wins ${percent(least.gain)} of the images`);
}

/** Every kind of evidence, in the order in which reports list them. */
const EVIDENCE: readonly EvidenceRule[] = [
  {
    code: 'gradient-attack',
    title: 'an iterative attack on a loss that cannot vanish on this model, with live gradients',
    check: gradientAttack,
    isSuppliedBy: (attack, situation) =>
      isEvidenceAt(attack, situation) && zeroShare(attack, situation.model) <= MOST_ZERO_GRADIENTS,
  },
  {
    code: 'large-budget',
    title: 'such an attack at a large budget reaches chance',
    check: largeBudget,
    isSuppliedBy: (attack, { model, threat }) =>
      isEvidence(attack, model) && isLargeBudget(attack, threat),
  },
  {
    code: 'gradient-free',
    title: 'attacks without the gradients of the model do no better',
    check: gradientFree,
    isSuppliedBy: (attack, situation) => {
      const run = freeAttacks(situation).map((own) => own.attack);
      const absent = gradientFreeIn(situation.threat).filter((name) => !run.includes(name));
      return absent.length > 0
        ? absent.includes(attack.attack) && isAt(attack, situation.threat)
        : isEvidenceAt(attack, situation);
    },
  },
  {
    code: 'gradient-truth',
    title: 'the gradient tells the truth at the scale of the budget',
    check: gradientTruth,
    isSuppliedBy: () => false,
  },
  {
    code: 'converged',
    title: 'more steps and restarts change nothing',
    check: converged,
    isSuppliedBy: (attack, situation) =>
      isEvidenceAt(attack, situation) && zeroShare(attack, situation.model) <= MOST_ZERO_GRADIENTS,
  },
  {
    code: 'repeatable',
    title: 'answers repeat',
    check: ({ model: { answers, draws } }) => ({
      met: answers.unstable.rate <= MOST_UNSTABLE,
      detail: `${percent(answers.unstable.rate)} of the images get ${draws === undefined ? 'other logits' : `another class from the mean of ${draws} draws`} when asked again`,
    }),
    isSuppliedBy: () => false,
  },
  {
    code: 'integrity',
    title: 'logits, attacks that end, legal candidates and examples that can be shown again',
    check: ({ model, flags }) => {
      const codes = flags
        .filter((flag) => flag.model === model.name && flag.severity === 'serious')
        .map(({ code }) => code)
        .filter((code) => INTEGRITY.some((one) => one === code));
      return codes.length === 0 ? met('no flag says otherwise') : missing(codes.join(', '));
    },
    isSuppliedBy: () => false,
  },
];

export const EVIDENCE_CODES: readonly string[] = EVIDENCE.map(({ code }) => code);

/** What must be seen; the code itself where only another version knows it. */
export const evidenceTitle = (code: string): string =>
  EVIDENCE.find((rule) => rule.code === code)?.title ?? code;

/** What was seen of a model at a budget, and what was not. */
export const gatherEvidence = (situation: Situation): Evidence[] =>
  EVIDENCE.map(({ code, check }) => ({ code, ...check(situation) }));

/** Which of the missing evidence some attacks, none of which was run, might supply. */
export const suppliedBy = (
  attacks: readonly AttackIdentity[],
  evidence: readonly Evidence[],
  situation: Situation,
): string[] =>
  EVIDENCE.filter(({ code }) => evidence.some((one) => one.code === code && !one.met))
    .filter(({ isSuppliedBy }) => attacks.some((attack) => isSuppliedBy(attack, situation)))
    .map(({ code }) => code);
