/**
 * Signs that an evaluation cannot be trusted, as data. Each flag is one entry of a table, which
 * measures the record, and has a section in `docs/honest-evaluation.md`: raised if, explanation,
 * advice.
 *
 * Papers: Carlini et al. 2019, "On Evaluating Adversarial Robustness"; Athalye, Carlini & Wagner
 * 2018, "Obfuscated Gradients Give a False Sense of Security"; Croce & Hein 2020 (AutoAttack).
 */
import { attackNamed, lossNamed } from '../attacks/index.ts';
import { type AttackIdentity, isFixedBudget } from './names.ts';
import type { AttackRecord, EvaluationRecord, Flag, ModelRecord } from './records.ts';
import { mcnemar } from './statistics.ts';

/** A difference of rates below this is not worth a flag, whatever its p-value. */
const LEAST_DIFFERENCE = 0.01;
const SIGNIFICANT = 0.05;
/** Half the pixel range in Linf lets any image become plain gray. */
export const LARGE_EPS = { Linf: 0.5, L2: 12, L1: 200, L0: Number.POSITIVE_INFINITY };

/** One flag: what it measures, and what it means. */
interface FlagRule {
  readonly code: string;
  /** Something wrong with the model's answers or gradients, or attacks that behave as they should not. */
  readonly kind: 'cause' | 'symptom';
  /** `unless-explained`: serious, or a note where a cause raised before it explains it. */
  readonly severity: 'serious' | 'note' | 'unless-explained';
  /** Raised when the measured value is above this. */
  readonly threshold: number;
  readonly advice: string;
  /** A cause that attacks on losses without its defect overcome: they settle the verdict. */
  readonly settledByAdaptiveAttacks?: true;
  /** The value to hold against the threshold; 0 where there is nothing to measure. */
  check(model: ModelRecord, record: EvaluationRecord): number;
}

/** Every flag, in the order in which they are looked for; causes explain what comes after them. */
export const FLAGS = [
  {
    code: 'probabilities-as-logits',
    kind: 'cause',
    severity: 'unless-explained',
    threshold: 0.95,
    advice: 'take the softmax out of the model: attacks and losses here work on logits',
    check: ({ answers }) => answers.probabilities.rate,
  },
  {
    code: 'random-answers',
    kind: 'cause',
    severity: 'unless-explained',
    threshold: 0.01,
    advice: 'switch the randomness off, or attack its average (expectation over transformation)',
    check: ({ answers }) => answers.unstable.rate,
  },
  {
    code: 'quantized-input',
    kind: 'cause',
    severity: 'unless-explained',
    threshold: 0.5,
    advice: 'attack through the rounding with its identity as gradient (BPDA), and with square',
    check: ({ answers }) => answers.insensitive.rate,
  },
  {
    code: 'masked-gradients',
    kind: 'cause',
    severity: 'unless-explained',
    threshold: 0.05,
    advice:
      'replace what stops the gradient by a differentiable substitute (BPDA), and run square and transfer',
    check: ({ gradients }) =>
      largest(
        gradients.filter(({ loss }) => lossNamed(loss).scaleInvariant).map(({ zero }) => zero.rate),
      ),
  },
  {
    code: 'vanished-gradients',
    kind: 'cause',
    severity: 'unless-explained',
    threshold: 0.5,
    advice:
      'attack the margin, DLR or temperature loss: cross-entropy has no gradient left in float32',
    settledByAdaptiveAttacks: true,
    check: ({ gradients }) =>
      largest(
        gradients
          .filter(({ loss }) => lossNamed(loss).vanishes)
          .map(({ zero, wrongSigns }) => Math.max(zero.rate, wrongSigns.rate)),
      ),
  },
  {
    code: 'illegal-candidates',
    kind: 'symptom',
    severity: 'serious',
    threshold: 0,
    advice: 'report it as a bug of the attack: these candidates were not counted',
    check: (model, record) =>
      untargetedOn(model, record).flatMap(({ legal }) => legal.filter((isLegal) => !isLegal))
        .length,
  },
  {
    code: 'unverified-examples',
    kind: 'symptom',
    severity: 'serious',
    threshold: 0,
    advice:
      'look at the file system and at random answers: saved examples did not do what they did before',
    check: (model, record) =>
      attacksOn(model, record).reduce((sum, { unverified }) => sum + unverified, 0),
  },
  {
    code: 'single-step-beats-iterative',
    kind: 'symptom',
    severity: 'unless-explained',
    threshold: 0,
    advice: 'give the iterative attack more steps, restarts, another step size or loss',
    check: (model, record) =>
      largestInversion(
        byBudget(untargetedOn(model, record)),
        ({ attack }) => attackNamed(attack).kind === 'single-step',
        ({ attack }) => attackNamed(attack).kind === 'iterative',
      ),
  },
  {
    code: 'black-box-beats-white-box',
    kind: 'symptom',
    severity: 'unless-explained',
    threshold: 0,
    advice: 'the gradients mislead: look for what masks them before believing any gradient attack',
    check: (model, record) =>
      largestInversion(
        byBudget(untargetedOn(model, record)),
        ({ attack }) => attackNamed(attack).access !== 'gradient',
        ({ attack }) => attackNamed(attack).access === 'gradient',
      ),
  },
  {
    code: 'large-budget-fails',
    kind: 'symptom',
    severity: 'unless-explained',
    threshold: 0.05,
    advice:
      'an attack that does not succeed with half the pixel range is broken: change its loss or its steps',
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
    kind: 'symptom',
    severity: 'unless-explained',
    threshold: 0,
    advice:
      'more budget, steps or restarts should not help the defender: the attack depends on luck',
    check: (model, record) => {
      const runs = untargetedOn(model, record).filter(isAdaptive);
      return largest(
        runs.flatMap((weak) =>
          runs
            .filter((strong) => isStronger(strong, weak))
            .map((strong) => significantGap(weak, strong)),
        ),
      );
    },
  },
  {
    code: 'minimal-attack-fails',
    kind: 'symptom',
    severity: 'unless-explained',
    threshold: 0.05,
    advice:
      'without a budget every image has an adversarial example: give this attack more steps, or another loss',
    check: (model, record) =>
      largest(minimalOn(model, record).map(({ success }) => shareOf(success, (won) => !won))),
  },
  {
    code: 'minimal-attack-beaten',
    kind: 'symptom',
    severity: 'note',
    threshold: 0.05,
    advice:
      'its distances are too long: give it more steps, and trust the accuracy under attack instead',
    check: (model, record) =>
      largestShortfall(minimalOn(model, record), untargetedOn(model, record)),
  },
  {
    code: 'not-converged',
    kind: 'symptom',
    severity: 'note',
    threshold: 0.03,
    advice: 'give more steps and restarts until more of them change nothing',
    check: (model, record) => {
      const runs = untargetedOn(model, record).filter(isAdaptive);
      return largest(
        runs.flatMap((weak) =>
          runs
            .filter((strong) => strong.eps === weak.eps && isStronger(strong, weak))
            .map((strong) => significantGap(strong, weak)),
        ),
      );
    },
  },
  {
    code: 'logit-scale',
    kind: 'symptom',
    severity: 'note',
    threshold: 5,
    advice: 'its confidence says nothing: compare models by attacks whose loss has no scale (DLR)',
    check: (model, { models }) => {
      const smallest = Math.min(...models.map(({ answers }) => answers.medianGap));
      return smallest > 0 ? model.answers.medianGap / smallest : 0;
    },
  },
] as const satisfies readonly FlagRule[];

export type FlagCode = (typeof FLAGS)[number]['code'];
export const FLAG_CODES: readonly FlagCode[] = FLAGS.map(({ code }) => code);

/** The rule of a flag in a record; undefined for one that only another version knows. */
export const ruleOf = (code: string): FlagRule | undefined =>
  FLAGS.find((rule) => rule.code === code);

/** The largest of some values, at least 0. */
const largest = (values: readonly number[]): number => Math.max(0, ...values);

const shareOf = <T>(values: readonly T[], counts: (value: T, row: number) => boolean): number =>
  values.length === 0 ? 0 : values.filter(counts).length / values.length;

const attacksOn = (model: ModelRecord, record: EvaluationRecord): AttackRecord[] =>
  record.attacks.filter((attack) => attack.model === model.name);

const untargetedOn = (model: ModelRecord, record: EvaluationRecord): AttackRecord[] =>
  attacksOn(model, record).filter(({ target }) => target === null);

/** Attacks on the gradient that look for the smallest perturbation. */
const minimalOn = (model: ModelRecord, record: EvaluationRecord): AttackRecord[] =>
  untargetedOn(model, record).filter(
    (attack) => !isFixedBudget(attack) && attackNamed(attack.attack).access === 'gradient',
  );

/** Attacks whose result should be near the worst case: iterative, on a loss that cannot vanish. */
export const isAdaptive = ({ attack, loss }: Pick<AttackIdentity, 'attack' | 'loss'>): boolean =>
  attackNamed(attack).kind === 'iterative' && (loss === null || !lossNamed(loss).vanishes);

/** The strongest of some attacks: the least robust accuracy. */
function strongest<A extends AttackRecord>(attacks: readonly A[]): A | undefined {
  return attacks.reduce<A | undefined>(
    (best, attack) => (!best || attack.robust.rate < best.robust.rate ? attack : best),
    undefined,
  );
}

/** By how much `first` is stronger than `second`, if that is neither small nor chance; else 0. */
function significantGap(first: AttackRecord, second: AttackRecord): number {
  const difference = second.robust.rate - first.robust.rate;
  const only = (a: AttackRecord, b: AttackRecord) =>
    a.success.filter((won, i) => won && !b.success[i]).length;
  const p = mcnemar(only(first, second), only(second, first));
  return difference >= LEAST_DIFFERENCE && p < SIGNIFICANT ? difference : 0;
}

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
      return weak && strong ? significantGap(weak, strong) : 0;
    }),
  );
}

/** The largest share of images that a fixed budget broke and a minimal attack did not. */
function largestShortfall(
  minimal: readonly AttackRecord[],
  attacks: readonly AttackRecord[],
): number {
  return largest(
    minimal.flatMap(({ norm, distance, success }) =>
      attacks
        .filter(isFixedBudget)
        .filter((fixed) => fixed.norm === norm)
        .map((fixed) => {
          const reached = shareOf(success, (won, i) => won && distance[i] <= fixed.eps);
          return shareOf(fixed.success, (won) => won) - reached;
        }),
    ),
  );
}

/** The same attack with at least as much of everything and more of something. */
function isStronger(strong: AttackRecord, weak: AttackRecord): boolean {
  const isSame =
    strong.attack === weak.attack && strong.norm === weak.norm && strong.loss === weak.loss;
  if (!isSame || !isFixedBudget(strong) || !isFixedBudget(weak)) return false;
  const amounts = ({ eps, options }: { eps: number; options: AttackRecord['options'] }) => [
    eps,
    options.steps ?? 0,
    options.restarts ?? 0,
    options.queries ?? 0,
  ];
  const [more, less] = [amounts(strong), amounts(weak)];
  return more.every((amount, i) => amount >= less[i]) && more.some((amount, i) => amount > less[i]);
}

/** All flags of all models in a record. */
export function raiseFlags(record: EvaluationRecord): Flag[] {
  return record.models.flatMap((model) => {
    let isExplained = false;
    const flags: Flag[] = [];
    for (const { code, kind, severity: rule, threshold, advice, check } of FLAGS) {
      const value = check(model, record);
      if (value <= threshold) continue;
      const severity = rule !== 'unless-explained' ? rule : isExplained ? 'note' : 'serious';
      flags.push({ code, model: model.name, severity, value, threshold, advice });
      if (kind === 'cause') isExplained = true;
    }
    return flags;
  });
}
