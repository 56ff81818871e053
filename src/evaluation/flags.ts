/**
 * Doubts about an evaluation, as data. Each flag is a small function of the record and has a page
 * in `docs/honest-evaluation.md`: raised if, explanation, advice.
 *
 * Two kinds: *causes* say what is wrong with the model's answers or gradients; *symptoms* say that
 * attacks behave as they should not. Of the causes of a model the first found is serious, and what
 * it explains becomes a note, so that one defect does not sound like five.
 *
 * Papers: Carlini et al. 2019, "On Evaluating Adversarial Robustness"; Athalye, Carlini & Wagner
 * 2018, "Obfuscated Gradients Give a False Sense of Security"; Croce & Hein 2020 (AutoAttack).
 */
import { attackNamed, type LossName } from '../attacks/index.ts';
import type { AttackRecord, EvaluationRecord, Flag, ModelRecord } from './records.ts';
import { mcnemar } from './statistics.ts';

/** Every flag, causes first, in the order in which they are looked for. */
export const FLAG_CODES = [
  'probabilities-as-logits',
  'random-answers',
  'quantized-input',
  'masked-gradients',
  'vanished-gradients',
  'illegal-candidates',
  'unverified-examples',
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

/** A finding before it is known what else was found. */
type Finding = Pick<Flag, 'value' | 'threshold' | 'advice'>;
type Check = (model: ModelRecord, record: EvaluationRecord) => Finding | undefined;

/** Losses whose gradient survives any scale of the logits. */
const ADAPTIVE: readonly LossName[] = ['margin', 'dlr', 'temperature'];
const SINGLE_STEP = ['fgsm'];
const ITERATIVE = ['bim', 'pgd', 'mi-fgsm', 'apgd', 'apgd-t', 'autoattack'];
/** A difference of rates below this is not worth a flag, whatever its p-value. */
const LEAST_DIFFERENCE = 0.01;
const SIGNIFICANT = 0.05;
/** Half the pixel range in Linf lets any image become plain gray. */
export const LARGE_EPS = { Linf: 0.5, L2: 12, L1: 200, L0: Number.POSITIVE_INFINITY };

const THRESHOLDS = {
  'probabilities-as-logits': 0.95,
  'random-answers': 0.01,
  'quantized-input': 0.5,
  'masked-gradients': 0.05,
  'vanished-gradients': 0.5,
  'large-budget-fails': 0.05,
  'minimal-attack-fails': 0.05,
  'minimal-attack-beaten': 0.05,
  'not-converged': 0.03,
  'logit-scale': 5,
} as const;

function above(value: number, threshold: number, advice: string): Finding | undefined {
  return value > threshold ? { value, threshold, advice } : undefined;
}

const attacksOn = (model: ModelRecord, record: EvaluationRecord) =>
  record.attacks.filter((attack) => attack.model === model.name && attack.target === null);

/** Attacks whose result should be near the worst: iterative, on a loss that cannot vanish. */
export const isAdaptive = ({ attack, loss }: AttackRecord): boolean => {
  const { budget, access } = attackNamed(attack);
  const isIterative = budget === 'minimal' ? access === 'gradient' : ITERATIVE.includes(attack);
  return isIterative && (loss === null || ADAPTIVE.includes(loss));
};

/** The strongest of some attacks: the least robust accuracy. */
function strongest(attacks: readonly AttackRecord[]): AttackRecord | undefined {
  return attacks.reduce<AttackRecord | undefined>(
    (best, attack) => (!best || attack.robust.rate < best.robust.rate ? attack : best),
    undefined,
  );
}

/** By how much `weak` should not have beaten `strong`, if that is neither small nor chance. */
function significantGap(weak: AttackRecord, strong: AttackRecord): number {
  const difference = strong.robust.rate - weak.robust.rate;
  const only = (a: AttackRecord, b: AttackRecord) =>
    a.success.filter((won, i) => won && !b.success[i]).length;
  const p = mcnemar(only(weak, strong), only(strong, weak));
  return difference >= LEAST_DIFFERENCE && p < SIGNIFICANT ? difference : 0;
}

/** Attacks of one norm and budget, together. */
function byBudget(attacks: readonly AttackRecord[]): AttackRecord[][] {
  const groups = new Map<string, AttackRecord[]>();
  for (const attack of attacks) {
    if (attack.eps === null) continue;
    const key = `${attack.norm} ${attack.eps}`;
    groups.set(key, [...(groups.get(key) ?? []), attack]);
  }
  return [...groups.values()];
}

/** The largest amount by which one kind of attack beats the other where it should not. */
function largestInversion(
  groups: readonly (readonly AttackRecord[])[],
  isWeak: (attack: AttackRecord) => boolean,
  isStrong: (attack: AttackRecord) => boolean,
): number {
  const inversions = groups.map((group) => {
    const [weak, strong] = [strongest(group.filter(isWeak)), strongest(group.filter(isStrong))];
    return weak && strong ? significantGap(weak, strong) : 0;
  });
  return Math.max(0, ...inversions);
}

const CHECKS: Readonly<Record<FlagCode, Check>> = {
  'probabilities-as-logits': ({ answers }) =>
    above(
      answers.probabilities.rate,
      THRESHOLDS['probabilities-as-logits'],
      'take the softmax out of the model: attacks and losses here work on logits',
    ),
  'random-answers': ({ answers }) =>
    above(
      answers.unstable.rate,
      THRESHOLDS['random-answers'],
      'switch the randomness off, or attack its average (expectation over transformation)',
    ),
  'quantized-input': ({ answers }) =>
    above(
      answers.insensitive.rate,
      THRESHOLDS['quantized-input'],
      'attack through the rounding with its identity as gradient (BPDA), and with square',
    ),
  'masked-gradients': ({ gradients }) =>
    above(
      Math.max(
        0,
        ...gradients
          .filter(({ loss }) => loss === 'margin' || loss === 'dlr')
          .map(({ zero }) => zero.rate),
      ),
      THRESHOLDS['masked-gradients'],
      'replace what stops the gradient by a differentiable twin (BPDA), and run square and transfer',
    ),
  'vanished-gradients': ({ gradients }) =>
    above(
      Math.max(
        0,
        ...gradients
          .filter(({ loss }) => loss === 'softmax' || loss === 'logits')
          .map(({ zero, wrongSigns }) => Math.max(zero.rate, wrongSigns.rate)),
      ),
      THRESHOLDS['vanished-gradients'],
      'attack with --loss margin, dlr or temperature: cross-entropy sees nothing in float32',
    ),
  'illegal-candidates': (model, record) =>
    above(
      attacksOn(model, record).flatMap(({ legal }) => legal.filter((isLegal) => !isLegal)).length,
      0,
      'report it as a bug of the attack: these candidates were not counted',
    ),
  'unverified-examples': (model, record) =>
    above(
      record.attacks
        .filter((attack) => attack.model === model.name)
        .reduce((sum, { unverified }) => sum + unverified, 0),
      0,
      'look at the file system and at random answers: saved examples did not do what they did before',
    ),
  'single-step-beats-iterative': (model, record) =>
    above(
      largestInversion(
        byBudget(attacksOn(model, record)),
        ({ attack }) => SINGLE_STEP.includes(attack),
        ({ attack }) => ITERATIVE.includes(attack),
      ),
      0,
      'give the iterative attack more steps, restarts, another step size or loss',
    ),
  'black-box-beats-white-box': (model, record) =>
    above(
      largestInversion(
        byBudget(attacksOn(model, record)),
        ({ attack }) => attackNamed(attack).access !== 'gradient',
        ({ attack }) => attackNamed(attack).access === 'gradient',
      ),
      0,
      'the gradients mislead: look for what masks them before believing any gradient attack',
    ),
  'large-budget-fails': (model, record) => {
    const large = attacksOn(model, record).filter(
      ({ attack, eps, norm }) =>
        ITERATIVE.includes(attack) && eps !== null && eps >= LARGE_EPS[norm],
    );
    const best = strongest(large);
    return (
      best &&
      above(
        best.robust.rate - 1 / model.confusion.length,
        THRESHOLDS['large-budget-fails'],
        'an attack that cannot win with half the pixel range is broken: change its loss or its steps',
      )
    );
  },
  'stronger-is-weaker': (model, record) => {
    const runs = attacksOn(model, record).filter(isAdaptive);
    const inversions = runs.flatMap((weak) =>
      runs
        .filter((strong) => isStronger(strong, weak))
        .map((strong) => significantGap(weak, strong)),
    );
    return above(
      Math.max(0, ...inversions),
      0,
      'more budget, steps or restarts should not help the defender: the attack is stuck',
    );
  },
  'minimal-attack-fails': (model, record) =>
    above(
      Math.max(
        0,
        ...minimalOn(model, record).map(({ success }) => shareOf(success, (won) => !won)),
      ),
      THRESHOLDS['minimal-attack-fails'],
      'without a budget every image can be brought down: give this attack more steps, or another loss',
    ),
  'minimal-attack-beaten': (model, record) =>
    above(
      largestShortfall(minimalOn(model, record), attacksOn(model, record)),
      THRESHOLDS['minimal-attack-beaten'],
      'its distances are too long: give it more steps, and trust the accuracy under attack instead',
    ),
  'not-converged': (model, record) => {
    const runs = attacksOn(model, record).filter(isAdaptive);
    const gains = runs.flatMap((weak) =>
      runs
        .filter((strong) => strong.eps === weak.eps && isStronger(strong, weak))
        .map((strong) => significantGap(strong, weak)),
    );
    return above(
      Math.max(0, ...gains),
      THRESHOLDS['not-converged'],
      'give more steps and restarts (--set) until more of them change nothing',
    );
  },
  'logit-scale': (model, { models }) => {
    const smallest = Math.min(...models.map(({ answers }) => answers.medianGap));
    const ratio = smallest > 0 ? model.answers.medianGap / smallest : 0;
    return above(
      ratio,
      THRESHOLDS['logit-scale'],
      'its confidence says nothing: compare models by attacks whose loss has no scale (dlr)',
    );
  },
};

/** Flags that say what is wrong with a model's answers or gradients. */
export const CAUSES: readonly FlagCode[] = FLAG_CODES.slice(0, 5);
const ALWAYS_SERIOUS: readonly FlagCode[] = ['illegal-candidates', 'unverified-examples'];
const ALWAYS_NOTES: readonly FlagCode[] = ['minimal-attack-beaten', 'not-converged', 'logit-scale'];

const shareOf = <T>(values: readonly T[], counts: (value: T, row: number) => boolean): number =>
  values.length === 0 ? 0 : values.filter(counts).length / values.length;

/** Attacks on the gradient that look for the smallest perturbation. */
const minimalOn = (model: ModelRecord, record: EvaluationRecord) =>
  attacksOn(model, record).filter(
    ({ attack, eps }) => eps === null && attackNamed(attack).access === 'gradient',
  );

/** The largest share of images that a fixed budget brought down and a minimal attack did not. */
function largestShortfall(
  minimal: readonly AttackRecord[],
  attacks: readonly AttackRecord[],
): number {
  const shortfalls = minimal.flatMap(({ norm, distance, success }) =>
    attacks
      .filter((fixed) => fixed.norm === norm && fixed.eps !== null)
      .map((fixed) => {
        const reached = shareOf(success, (won, i) => won && distance[i] <= (fixed.eps as number));
        return shareOf(fixed.success, (won) => won) - reached;
      }),
  );
  return Math.max(0, ...shortfalls);
}

/** The same attack with at least as much of everything and more of something. */
function isStronger(strong: AttackRecord, weak: AttackRecord): boolean {
  const isSame =
    strong.attack === weak.attack && strong.norm === weak.norm && strong.loss === weak.loss;
  if (!isSame || strong.eps === null || weak.eps === null) return false;
  const amounts = ({ eps, options }: AttackRecord) => [
    eps as number,
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
    return FLAG_CODES.flatMap((code): Flag[] => {
      const finding = CHECKS[code](model, record);
      if (!finding) return [];
      const isSerious =
        ALWAYS_SERIOUS.includes(code) || (!isExplained && !ALWAYS_NOTES.includes(code));
      if (CAUSES.includes(code)) isExplained = true;
      return [{ code, model: model.name, severity: isSerious ? 'serious' : 'note', ...finding }];
    });
  });
}
