/** The attacks that `distill evaluate` runs, by preset. */
import { attackNamed, LOSSES, type LossName, type Norm, planAttack } from '../attacks/index.ts';
import type { PlannedAttack } from './evaluate.ts';
import type { PresetName } from './preset-names.ts';

/** One attack of a preset, before eps is filled in. */
interface Choice {
  readonly attack: string;
  readonly losses?: readonly LossName[];
  readonly options?: Readonly<Record<string, number>>;
  /** Takes its gradients from the first model. */
  readonly transfer?: true;
}

const QUICK: readonly Choice[] = [{ attack: 'fgsm', losses: LOSSES }];

const PRESETS: Readonly<Record<PresetName, readonly Choice[]>> = {
  quick: QUICK,
};

/**
 * The attacks of a preset at every eps, those with a fixed budget first.
 * @param first name of the model that transfer attacks take their gradients from
 */
export function presetAttacks(
  preset: PresetName,
  norm: Norm,
  budgets: readonly number[],
  first: string,
): PlannedAttack[] {
  return PRESETS[preset].flatMap((choice) => plannedAttacks(choice, norm, budgets, first));
}

function plannedAttacks(
  { attack: name, losses, options = {}, transfer }: Choice,
  norm: Norm,
  budgets: readonly number[],
  first: string,
): PlannedAttack[] {
  const attack = attackNamed(name);
  const each = attack.budget === 'minimal' ? [undefined] : budgets;
  return each.flatMap((eps) =>
    (losses ?? [undefined]).map((loss) => ({
      plan: planAttack(attack, { norm, eps, loss, options }),
      ...(transfer && { source: first }),
    })),
  );
}

/** The named attacks at every eps, with every choice of loss or the attacks' own. */
export function namedAttacks(
  names: readonly string[],
  norm: Norm,
  budgets: readonly number[],
  losses: readonly LossName[] | undefined,
  first: string,
): PlannedAttack[] {
  return names.flatMap((name) => {
    const takesLoss = attackNamed(name).losses.length > 1;
    const choice: Choice = {
      attack: name,
      ...(losses && takesLoss && { losses }),
      ...(attackNamed(name).access === 'source-gradient' && { transfer: true as const }),
    };
    return plannedAttacks(choice, norm, budgets, first);
  });
}
