/**
 * Signs that an evaluation cannot be trusted, as data. Each flag is one entry of a table, which
 * measures the record, and has a section in `docs/honest-evaluation.md`: raised if, explanation,
 * advice.
 *
 * Papers: Carlini et al. 2019, "On Evaluating Adversarial Robustness"; Athalye, Carlini & Wagner
 * 2018, "Obfuscated Gradients Give a False Sense of Security"; Croce & Hein 2020 (AutoAttack).
 */
import { attackNamed, lossNamed } from '../attacks/index.ts';
import { contradictions } from './certificates.ts';
import { gapOfWins, isStronger, significantGap, winsOf, winsWithin } from './comparisons.ts';
import { LARGE_EPS } from './large-eps.ts';
import { medianGap } from './logit-gap.ts';
import { type AttackIdentity, isFixedBudget } from './names.ts';
import type { AttackRecord, EvaluationRecord, Flag, ModelRecord } from './records.ts';

export const FLAG_CODES = [
  'unchecked-range',
  'probabilities-as-logits',
  'random-answers',
  'quantized-input',
  'masked-gradients',
  'vanished-gradients',
  'illegal-candidates',
  'unverified-examples',
  'certified-and-broken',
  'failed-attack',
  'single-step-beats-iterative',
  'black-box-beats-white-box',
  'large-budget-fails',
  'stronger-is-weaker',
  'minimal-attack-fails',
  'minimal-attack-beaten',
  'not-converged',
  'logit-scale',
] as const;
export type FlagCode = (typeof FLAG_CODES)[number];

/** One flag: what it measures, and what it means. */
interface FlagRule {
  readonly code: FlagCode;
  /** What was found, such as `The model rounds its input`. */
  readonly title: string;
  /** What it means for the numbers, in a sentence. */
  readonly meaning: string;
  /** `unless-explained`: serious, or a note where a flag raised before it explains it. */
  readonly severity: 'serious' | 'note' | 'unless-explained';
  /** Raised when the measured value is above this. */
  readonly threshold: number;
  readonly advice: string;
  /** The flags that it explains where it is raised too; it excuses nothing else. */
  readonly explains: readonly FlagCode[];
  /** It explains only what these attacks did; absent: whatever any attack did. */
  explainsAttack?(attack: AttackRecord, model: ModelRecord): boolean;
  /** The value to hold against the threshold; 0 where there is nothing to measure. */
  check(model: ModelRecord, record: EvaluationRecord): number;
}

/** What attacks do where the model's answers or gradients mislead them. */
const ATTACKS_FAIL: readonly FlagCode[] = [
  'single-step-beats-iterative',
  'black-box-beats-white-box',
  'large-budget-fails',
  'stronger-is-weaker',
  'minimal-attack-fails',
];

/** Every flag, in the order in which they are looked for: a flag explains flags after it. */
const FLAGS: readonly FlagRule[] = [
  {
    code: 'unchecked-range',
    title: 'Nobody checked the pixel range',
    meaning: 'If it is wrong, every number here is that of another model.',
    severity: 'serious',
    threshold: 0,
    advice:
      'import the model again with labeled images to try its pixel range on, or state the range',
    explains: [],
    check: ({ pixelRange }) => Number(pixelRange === 'assumed'),
  },
  {
    code: 'probabilities-as-logits',
    title: 'The outputs look like probabilities, not logits',
    meaning: 'Attacks on them are weaker than they should be: the model may only look robust.',
    severity: 'unless-explained',
    threshold: 0.95,
    advice: 'take the softmax out of the model: attacks and losses here work on logits',
    explains: ['masked-gradients', 'vanished-gradients', ...ATTACKS_FAIL],
    check: ({ answers }) => answers.probabilities.rate,
  },
  {
    code: 'random-answers',
    title: 'The model answers at random',
    meaning: 'An attack on one answer proves little: the numbers depend on luck.',
    severity: 'unless-explained',
    threshold: 0.01,
    advice: 'switch the randomness off, or attack its average (expectation over transformation)',
    explains: ATTACKS_FAIL,
    check: ({ answers }) => answers.unstable.rate,
  },
  {
    code: 'quantized-input',
    title: 'The model rounds its input',
    meaning: 'Its gradients are those of a staircase: gradient attacks may only look weak.',
    severity: 'unless-explained',
    threshold: 0.5,
    advice: 'attack through the rounding with its identity as gradient (BPDA), and with square',
    explains: ['masked-gradients', 'vanished-gradients', ...ATTACKS_FAIL],
    check: ({ answers, bpda }) => (bpda ? 0 : answers.insensitive.rate),
  },
  {
    code: 'masked-gradients',
    title: 'The gradients are masked',
    meaning: 'Gradient attacks say nothing here; only the others count.',
    severity: 'unless-explained',
    threshold: 0.05,
    advice:
      'replace what stops the gradient by a differentiable substitute (BPDA), and run square and transfer',
    explains: ['vanished-gradients', ...ATTACKS_FAIL],
    check: ({ gradients }) =>
      largest(
        gradients.filter(({ loss }) => lossNamed(loss).scaleInvariant).map(({ zero }) => zero.rate),
      ),
  },
  {
    code: 'vanished-gradients',
    title: 'The softmax gradient has vanished',
    meaning:
      'Numbers of attacks that follow it are no evidence: they are marked in the tables. The other attacks decide the answer.',
    severity: 'unless-explained',
    threshold: 0.5,
    advice:
      'attack the margin, DLR or temperature loss: cross-entropy has no gradient left in float32',
    explains: ATTACKS_FAIL,
    explainsAttack: ({ loss }, { temperature }) =>
      loss !== null && lossNamed(loss).vanishes(temperature),
    check: ({ gradients, temperature }) =>
      largest(
        gradients
          .filter(({ loss }) => lossNamed(loss).vanishes(temperature))
          .map(({ zero, wrongSigns }) => Math.max(zero.rate, wrongSigns.rate)),
      ),
  },
  {
    code: 'illegal-candidates',
    title: 'An attack left its budget',
    meaning: 'Those candidates were not counted; the attack is weaker than it looks.',
    severity: 'serious',
    threshold: 0,
    advice: 'report it as a bug of the attack: these candidates were not counted',
    explains: [],
    check: (model, record) =>
      untargetedOn(model, record).flatMap(({ legal }) => legal.filter((isLegal) => !isLegal))
        .length,
  },
  {
    code: 'unverified-examples',
    title: 'Some adversarial examples could not be shown again',
    meaning: 'They were not counted; fewer images may stay correct.',
    severity: 'serious',
    threshold: 0,
    advice:
      'look at the file system and at random answers: saved examples did not do what they did before',
    explains: [],
    check: (model, record) =>
      attacksOn(model, record).reduce((sum, { unverified }) => sum + unverified, 0),
  },
  {
    code: 'certified-and-broken',
    title: 'Images were proven robust and broken too',
    meaning: 'One of the two is wrong: no proof here counts until it is known which.',
    severity: 'serious',
    threshold: 0,
    advice: 'report it as a bug: a bound is unsound, or an attack was judged wrongly',
    explains: [],
    check: contradictions,
  },
  {
    code: 'failed-attack',
    title: 'An attack ended with an error',
    meaning: 'It found nothing because it did not run: fewer images may stay correct.',
    severity: 'serious',
    threshold: 0,
    advice:
      'fix what the error names and evaluate again: what the attack would have found is unknown',
    explains: [],
    check: ({ name }, { failures = [] }) => failures.filter(({ model }) => model === name).length,
  },
  {
    code: 'single-step-beats-iterative',
    title: 'One step did better than many',
    meaning: 'Something kept the iterative attack from working: fewer images may stay correct.',
    severity: 'unless-explained',
    threshold: 0,
    advice: 'give the iterative attack more steps, restarts, another step size or loss',
    explains: [],
    check: (model, record) =>
      largestInversion(
        byBudget(untargetedOn(model, record)),
        ({ attack }) => attackNamed(attack).kind === 'single-step',
        ({ attack }) => attackNamed(attack).kind === 'iterative',
      ),
  },
  {
    code: 'black-box-beats-white-box',
    title: 'An attack without gradients did better than one with them',
    meaning: 'The gradients mislead: only attacks without them count.',
    severity: 'unless-explained',
    threshold: 0,
    advice: 'the gradients mislead: look for what masks them before believing any gradient attack',
    explains: [],
    check: (model, record) =>
      largestInversion(
        byBudget(untargetedOn(model, record)),
        ({ attack }) => attackNamed(attack).access !== 'gradient',
        ({ attack }) => attackNamed(attack).access === 'gradient',
      ),
  },
  {
    code: 'large-budget-fails',
    title: 'Even an enormous budget does not win',
    meaning: 'Something keeps the attacks from working; the model is not robust.',
    severity: 'unless-explained',
    threshold: 0.05,
    advice:
      'an attack that does not succeed with half the pixel range is broken: change its loss or its steps',
    explains: [],
    check: (model, record) => {
      const large = untargetedOn(model, record)
        .filter(isFixedBudget)
        .filter(
          ({ attack, eps, norm }) =>
            attackNamed(attack).kind === 'iterative' && eps >= LARGE_EPS[norm],
        );
      const best = strongest(large);
      return best === undefined ? 0 : best.robust.rate - 1 / model.confusion.length;
    },
  },
  {
    code: 'stronger-is-weaker',
    title: 'A stronger setting did worse',
    meaning: 'The attack has not converged: fewer images may stay correct.',
    severity: 'unless-explained',
    threshold: 0,
    advice:
      'more budget, steps or restarts should not help the defender: the attack depends on luck',
    explains: [],
    check: (model, record) => {
      const runs = adaptiveOn(model, record);
      return largest(
        runs.flatMap((weak) =>
          runs
            .filter((strong) => isFixedBudget(strong) && isStronger(strong, weak))
            .map((strong) => gapBetween(weak, strong)),
        ),
      );
    },
  },
  {
    code: 'minimal-attack-fails',
    title: 'A search for the smallest perturbation failed',
    meaning: 'Its distances are too large; fewer images may stay correct.',
    severity: 'unless-explained',
    threshold: 0.05,
    advice:
      'without a budget every image has an adversarial example: give this attack more steps, or another loss',
    explains: [],
    check: (model, record) =>
      largest(minimalOn(model, record).map(({ success }) => shareOf(success, (won) => !won))),
  },
  {
    code: 'minimal-attack-beaten',
    title: 'A search for the smallest perturbation was beaten by a fixed budget',
    meaning: 'Its distances are too large; the worst case is not affected.',
    severity: 'note',
    threshold: 0.05,
    advice:
      'its distances are too long: give it more steps, and trust the accuracy under attack instead',
    explains: [],
    check: (model, record) =>
      largestShortfall(minimalOn(model, record), untargetedOn(model, record)),
  },
  {
    code: 'not-converged',
    title: 'More steps still find more',
    meaning: 'The worst case is an upper bound that more steps would lower.',
    severity: 'note',
    threshold: 0.03,
    advice: 'give more steps and restarts until more of them change nothing',
    explains: [],
    check: (model, record) => {
      const runs = adaptiveOn(model, record);
      return largest(
        runs.flatMap((weak) =>
          runs
            .filter((strong) => isFixedBudget(strong) && strong.eps === weak.eps)
            .filter((strong) => isStronger(strong, weak))
            .map((strong) => gapBetween(strong, weak)),
        ),
      );
    },
  },
  {
    code: 'logit-scale',
    title: 'The logits are far larger than usual',
    meaning:
      'Confidence says nothing about this model; the answer rests on attacks that do not depend on the scale.',
    severity: 'note',
    threshold: 5,
    advice: 'its confidence says nothing: compare models by attacks whose loss has no scale (DLR)',
    explains: [],
    check: (model, { models }) => {
      const smallest = Math.min(...models.map(({ gaps }) => medianGap(gaps)));
      return smallest > 0 ? medianGap(model.gaps) / smallest : 0;
    },
  },
];

/** What a flag says in words; its code where a record of a newer program holds an unknown one. */
export function flagWords(code: string): Pick<FlagRule, 'title' | 'meaning'> {
  return FLAGS.find((rule) => rule.code === code) ?? { title: code, meaning: '' };
}

/** The largest of some values, at least 0. */
const largest = (values: readonly number[]): number => Math.max(0, ...values);

const shareOf = <T>(values: readonly T[], counts: (value: T, row: number) => boolean): number =>
  values.length === 0 ? 0 : values.filter(counts).length / values.length;

const attacksOn = (model: ModelRecord, record: EvaluationRecord): AttackRecord[] =>
  record.attacks.filter((attack) => attack.model === model.name);

const untargetedOn = (model: ModelRecord, record: EvaluationRecord): AttackRecord[] =>
  attacksOn(model, record).filter(({ target }) => target === null);

const adaptiveOn = (model: ModelRecord, record: EvaluationRecord): AttackRecord[] =>
  untargetedOn(model, record).filter((attack) => isAdaptive(attack, model));

/** Attacks on the gradient that look for the smallest perturbation. */
const minimalOn = (model: ModelRecord, record: EvaluationRecord): AttackRecord[] =>
  untargetedOn(model, record).filter(
    (attack) => !isFixedBudget(attack) && attackNamed(attack.attack).access === 'gradient',
  );

/**
 * Attacks whose result should be near the worst case: iterative, on a loss that cannot vanish on a
 * model trained at this temperature.
 */
export const isAdaptive = (
  { attack, loss }: Pick<AttackIdentity, 'attack' | 'loss'>,
  { temperature }: Pick<ModelRecord, 'temperature'>,
): boolean =>
  attackNamed(attack).kind === 'iterative' &&
  (loss === null || !lossNamed(loss).vanishes(temperature));

/** The strongest of some attacks: the least robust accuracy. */
function strongest<A extends AttackRecord>(attacks: readonly A[]): A | undefined {
  return attacks.reduce<A | undefined>(
    (best, attack) => (!best || attack.robust.rate < best.robust.rate ? attack : best),
    undefined,
  );
}

/** By how much the first is stronger on the images of both, if that is neither small nor chance. */
const gapBetween = (first: AttackRecord, second: AttackRecord): number =>
  significantGap(winsOf([first]), winsOf([second]));

/** Attacks of one norm and budget, together. */
function byBudget(attacks: readonly AttackRecord[]): AttackRecord[][] {
  const groups = new Map<string, AttackRecord[]>();
  for (const attack of attacks.filter(isFixedBudget)) {
    const key = `${attack.norm} ${attack.eps}`;
    groups.set(key, [...(groups.get(key) ?? []), attack]);
  }
  return [...groups.values()];
}

/** The largest gap, among groups of one budget, of a weak kind of attack over a strong one. */
function largestInversion(
  groups: readonly (readonly AttackRecord[])[],
  isWeak: (attack: AttackRecord) => boolean,
  isStrong: (attack: AttackRecord) => boolean,
): number {
  return largest(
    groups.map((group) => {
      const [weak, strong] = [strongest(group.filter(isWeak)), strongest(group.filter(isStrong))];
      return weak && strong ? gapBetween(weak, strong) : 0;
    }),
  );
}

/** The largest share of images that a fixed budget broke and a minimal attack did not. */
const largestShortfall = (
  minimal: readonly AttackRecord[],
  attacks: readonly AttackRecord[],
): number =>
  largest(
    minimal.flatMap((attack) =>
      attacks
        .filter(isFixedBudget)
        .filter(({ norm }) => norm === attack.norm)
        .map((fixed) => gapOfWins(winsOf([fixed]), winsWithin([attack], fixed)).difference),
    ),
  );

/** Whether a flag is explained by flags raised before it. */
function isExplained(
  { code, threshold, check }: FlagRule,
  raised: readonly FlagRule[],
  model: ModelRecord,
  record: EvaluationRecord,
): boolean {
  const causes = raised.filter(({ explains }) => explains.includes(code));
  if (causes.some(({ explainsAttack }) => explainsAttack === undefined)) return true;
  // The others explain what some attacks did: is there nothing without these?
  const left = record.attacks.filter(
    (attack) => !causes.some(({ explainsAttack }) => explainsAttack?.(attack, model)),
  );
  return causes.length > 0 && check(model, { ...record, attacks: left }) <= threshold;
}

/** All flags of all models in a record. */
export function raiseFlags(record: EvaluationRecord): Flag[] {
  return record.models.flatMap((model) => {
    const raised: FlagRule[] = [];
    const flags: Flag[] = [];
    for (const rule of FLAGS) {
      const { code, threshold, advice } = rule;
      const value = rule.check(model, record);
      if (value <= threshold) continue;
      const severity =
        rule.severity !== 'unless-explained'
          ? rule.severity
          : isExplained(rule, raised, model, record)
            ? 'note'
            : 'serious';
      flags.push({ code, model: model.name, severity, value, threshold, advice });
      raised.push(rule);
    }
    return flags;
  });
}
