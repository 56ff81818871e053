/** The attacks that `distill evaluate` runs, by preset. */
import { attackNamed, LOSSES, type LossName, type Norm, planAttack } from '../attacks/index.ts';
import type { PlannedAttack } from './evaluate.ts';
import { LARGE_EPS } from './flags.ts';
import type { PresetName } from './preset-names.ts';

/** One attack of a preset, before norm and eps are filled in. */
interface Choice {
  readonly attack: string;
  readonly losses?: readonly LossName[];
  readonly options?: Readonly<Record<string, number>>;
  /** In these budgets, not in those that the user chose: `large` should bring any model down. */
  readonly eps?: readonly number[] | 'large';
  /** In this norm, whatever the user chose. */
  readonly norm?: Norm;
  /** Towards every wrong class in turn. */
  readonly everyTarget?: true;
}

/** One step through every loss; then many steps, blind and seeing. */
const QUICK: readonly Choice[] = [
  { attack: 'fgsm', losses: LOSSES },
  { attack: 'pgd', losses: ['softmax', 'margin'] },
];

const STANDARD: readonly Choice[] = [
  ...QUICK,
  { attack: 'pgd', losses: ['logits'] },
  { attack: 'apgd', losses: ['dlr'] },
  { attack: 'pgd', losses: ['margin'], eps: 'large' },
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
    everyTarget: true,
  },
  {
    attack: 'cw-l2',
    norm: 'L2',
    options: { steps: 300, searches: 8, learningRate: 0.03, initialC: 0.01 },
    everyTarget: true,
  },
];

const PRESETS: Readonly<Record<PresetName, readonly Choice[]>> = {
  quick: QUICK,
  standard: STANDARD,
  paper: PAPER,
};

/** Norm and budgets that the user asked for, and the model that transfer attacks borrow. */
export interface AttackScope {
  readonly norm: Norm;
  readonly budgets: readonly number[];
  /** Name of the model that transfer attacks take their gradients from. */
  readonly source: string;
}

/** The attacks of a preset; those that do not know the norm are left out. */
export function presetAttacks(preset: PresetName, scope: AttackScope): PlannedAttack[] {
  return PRESETS[preset]
    .filter(({ attack, norm = scope.norm }) => attackNamed(attack).norms.includes(norm))
    .flatMap((choice) => plannedAttacks(choice, scope));
}

/** The named attacks, each with every loss of the list that it takes, or its own. */
export function namedAttacks(
  names: readonly string[],
  losses: readonly LossName[] | undefined,
  scope: AttackScope,
): PlannedAttack[] {
  return names.flatMap((attack) => {
    const isChoice = losses && attackNamed(attack).losses.length > 1;
    return plannedAttacks({ attack, ...(isChoice && { losses }) }, scope);
  });
}

function plannedAttacks(choice: Choice, scope: AttackScope): PlannedAttack[] {
  const attack = attackNamed(choice.attack);
  const { options = {}, losses = [undefined], everyTarget } = choice;
  const norm = choice.norm ?? scope.norm;
  const chosen = choice.eps === 'large' ? [LARGE_EPS[norm]] : (choice.eps ?? scope.budgets);
  const budgets = attack.budget === 'minimal' ? [undefined] : chosen;
  return budgets.flatMap((eps) =>
    losses.map((loss) => ({
      plan: planAttack(attack, { norm, eps, loss, options }),
      ...(attack.access === 'source-gradient' && { source: scope.source }),
      ...(everyTarget && { everyTarget }),
    })),
  );
}
