/** The attacks that an evaluation runs: by preset, or by name. */
import {
  ATTACKS,
  type Attack,
  attackNamed,
  definedLosses,
  LOSSES,
  type LossName,
  type Norm,
  planAttack,
} from '../attacks/index.ts';
import { UserError } from '../errors.ts';
import { LARGE_EPS } from './large-eps.ts';
import { identityOf, keyOfAttack } from './names.ts';
import type { PlannedAttack } from './plan.ts';
import type { PresetName } from './preset-names.ts';
import type { Target } from './records.ts';

/** One attack of a preset, before norm and eps are filled in. */
interface Choice {
  readonly attack: string;
  readonly losses?: readonly LossName[];
  readonly options?: Readonly<Record<string, number>>;
  /** In these budgets, not in those that the user chose: at `large` no model is robust. */
  readonly eps?: readonly number[] | 'large';
  /** In this norm, whatever the user chose. */
  readonly norm?: Norm;
  /** Only where the user chose one of these. */
  readonly norms?: readonly Norm[];
  readonly target?: Target;
}

/**
 * The evidence that a verdict needs: one step on every loss; many steps, on a loss that can vanish and
 * on one that cannot; the latter with steps that adapt, two numbers of them, and at a budget at which
 * no model is robust; and attacks without gradients.
 *
 * Of 500 images of a baseline at Linf 0.1, margin PGD leaves 73.6 % after 100 steps, margin APGD 72.6 %
 * after 20, 71.0 % after 40 and 69.4 % after 100, where AutoAttack leaves 67.6 %.
 */
const QUICK: readonly Choice[] = [
  { attack: 'fgsm', losses: LOSSES },
  { attack: 'pgd', losses: ['softmax', 'margin'] },
  { attack: 'apgd', losses: ['margin'], options: { steps: 40 } },
  { attack: 'apgd', losses: ['margin'], options: { steps: 100 } },
  { attack: 'pgd', losses: ['margin'], eps: 'large' },
  // In L0, where no iterative attack takes a budget.
  { attack: 'fmn', norms: ['L0'] },
  { attack: 'fmn', norms: ['L0'], options: { steps: 400 } },
  { attack: 'square', options: { queries: 100 } },
  { attack: 'surrogate', options: { queries: 400 } },
];

const STANDARD: readonly Choice[] = [
  ...QUICK,
  { attack: 'pgd', losses: ['logits'] },
  { attack: 'apgd', losses: ['logits', 'dlr'] },
  { attack: 'apgd', losses: ['margin'], options: { steps: 100, restarts: 2 } },
  { attack: 'noise' },
  { attack: 'square', options: { queries: 500 } },
  { attack: 'transfer' },
  { attack: 'fmn' },
];

/** What Papernot et al. 2016 and Carlini & Wagner 2017 measured: 112 of 784 features, 9 targets. */
const PAPER: readonly Choice[] = [
  {
    attack: 'jsma',
    norm: 'L0',
    eps: [112],
    losses: ['softmax', 'logits', 'temperature'],
    target: 'every',
  },
  {
    attack: 'cw-l2',
    norm: 'L2',
    options: { steps: 300, searches: 8, learningRate: 0.03, initialC: 0.01 },
    target: 'every',
  },
];

/**
 * Where the verdict stays open, searches long enough to need no gradients and, the second one, not
 * even scores: minutes for each budget of a model that hides its gradients.
 */
const FOLLOW_UPS: Readonly<Record<PresetName, readonly Choice[]>> = {
  quick: [],
  standard: [
    { attack: 'square', options: { queries: 5000 } },
    { attack: 'surrogate', options: { queries: 8000 } },
  ],
  paper: [],
};

const PRESETS: Readonly<Record<PresetName, readonly Choice[]>> = {
  quick: QUICK,
  standard: STANDARD,
  paper: PAPER,
};

/** Norm and budgets that the user asked for, and the source model of transfer attacks. */
export interface AttackScope {
  readonly norm: Norm;
  readonly budgets: readonly number[];
  /** Name of the model that transfer attacks take their gradients from. */
  readonly source: string;
  /** Of the models; absent: as many as every loss needs. */
  readonly classes?: number;
}

/**
 * The attacks of a preset, each once; those that do not know the norm are left out.
 */
export const presetAttacks = (preset: PresetName, scope: AttackScope): PlannedAttack[] =>
  chosenAttacks(PRESETS[preset], scope);

/** The attacks that a preset runs besides where these leave the verdict open. */
export const followUpAttacks = (preset: PresetName, scope: AttackScope): PlannedAttack[] =>
  chosenAttacks(FOLLOW_UPS[preset], scope);

function chosenAttacks(choices: readonly Choice[], scope: AttackScope): PlannedAttack[] {
  const planned = choices
    .map((choice) => withDefinedLosses(choice, scope))
    .filter(({ attack, norm = scope.norm }) => attackNamed(attack).norms.includes(norm))
    .filter(({ norms }) => norms === undefined || norms.includes(scope.norm))
    .flatMap((choice) => plannedAttacks(choice, scope));
  return [...new Map(planned.map((one) => [keyOfAttack(identityOf(one)), one])).values()];
}

/** The margin in the place of a loss that is not defined for so few classes. */
function withDefinedLosses(choice: Choice, { classes = Number.POSITIVE_INFINITY }: AttackScope) {
  const { attack, losses, target } = choice;
  if (!losses) return choice;
  const defined = definedLosses(attackNamed(attack), {
    classes,
    isTargeted: target !== undefined,
  });
  return { ...choice, losses: losses.map((loss) => (defined.includes(loss) ? loss : 'margin')) };
}

/** An option of attacks with the values to try; without `attack`, of every one that has it. */
export interface Setting {
  readonly attack?: string;
  readonly option: string;
  readonly values: readonly number[];
}

/** What the user asked of named attacks. */
export interface NamedChoice {
  readonly names: readonly string[];
  /** Each attack takes those of the list that it knows; absent: its own. */
  readonly losses?: readonly LossName[] | undefined;
  /** Each attack is run with every combination of the values. */
  readonly settings?: readonly Setting[];
  readonly target?: Target | undefined;
}

/**
 * The named attacks with every loss of the list that they take and every combination of settings.
 * @throws UserError `unknown-option` when no attack has an option that is set; `bad-goal`
 */
export function namedAttacks(
  { names, losses, settings = [], target }: NamedChoice,
  scope: AttackScope,
): PlannedAttack[] {
  checkSettings(settings, names);
  return names.flatMap((name) => {
    const attack = attackNamed(name);
    if (target !== undefined) checkTargeted(attack);
    const isChoice = losses && attack.losses.length > 1;
    const own = settings.filter((one) => isFor(one, attack));
    return combinations(own).flatMap((options) =>
      plannedAttacks(
        {
          attack: name,
          options,
          ...(isChoice && { losses }),
          ...(target !== undefined && { target }),
        },
        scope,
      ),
    );
  });
}

/**
 * @throws UserError `bad-goal` for an attack that cannot aim at a class
 */
export function checkTargeted({ name, goals }: Attack): void {
  if (goals.includes('targeted')) return;
  const able = ATTACKS.filter((attack) => attack.goals.includes('targeted'));
  throw new UserError('bad-goal', `${name} cannot aim at a class`, {
    hint: `attack without a target class, or choose one of ${able.map((attack) => attack.name).join(', ')}`,
  });
}

const isFor = ({ attack: name, option }: Setting, attack: Attack): boolean =>
  name === undefined ? option in attack.options : name === attack.name;

function checkSettings(settings: readonly Setting[], names: readonly string[]): void {
  for (const setting of settings) {
    const { attack: name, option } = setting;
    if (name !== undefined && !names.includes(name)) {
      throw new UserError(
        'bad-flag',
        `the option ${name}.${option} is for an attack that is not run`,
        {
          hint: `the attacks are ${names.join(', ')}`,
        },
      );
    }
    const attacks = names.map(attackNamed);
    if (attacks.some((attack) => isFor(setting, attack) && option in attack.options)) continue;
    const known = attacks
      .map((attack) => `${attack.name} has ${Object.keys(attack.options).join(', ') || 'none'}`)
      .join('; ');
    throw new UserError('unknown-option', `no attack here has the option '${option}'`, {
      hint: known,
    });
  }
}

/** Every way to give each option one of its values. */
function combinations(settings: readonly Setting[]): Record<string, number>[] {
  return settings.reduce<Record<string, number>[]>(
    (all, { option, values }) =>
      all.flatMap((one) => values.map((value) => ({ ...one, [option]: value }))),
    [{}],
  );
}

function plannedAttacks(choice: Choice, scope: AttackScope): PlannedAttack[] {
  const attack = attackNamed(choice.attack);
  const { options = {}, losses = [undefined], target } = choice;
  const norm = choice.norm ?? scope.norm;
  const chosen = choice.eps === 'large' ? [LARGE_EPS[norm]] : (choice.eps ?? scope.budgets);
  const budgets = attack.budget === 'minimal' ? [undefined] : chosen;
  return budgets.flatMap((eps) =>
    losses.map((loss) => ({
      plan: planAttack(attack, {
        norm,
        eps,
        loss,
        options,
        ...(scope.classes !== undefined && { classes: scope.classes }),
        isTargeted: target !== undefined,
      }),
      ...(attack.access === 'source-gradient' && { source: scope.source }),
      ...(target !== undefined && { target }),
    })),
  );
}
