/** What an attack is run with: every choice checked and filled in, before anything runs. */
import { UserError } from '../errors.ts';
import type { Attack, OptionSpec } from './attack.ts';
import { type LossName, lossesFor, takesLoss } from './losses/registry.ts';
import type { Norm, Threat } from './types.ts';

/** An attack with every choice made: what a record keeps, and what repeats a run. */
export interface AttackPlan {
  readonly attack: Attack;
  readonly threat: Threat;
  readonly loss: LossName | undefined;
  readonly options: Readonly<Record<string, number>>;
}

/** The values that an option takes, in words. */
function rangeText({ min, above, max }: OptionSpec): string {
  if (above !== undefined) return `above ${above}${max === undefined ? '' : `, at most ${max}`}`;
  return `from ${min}${max === undefined ? ' up' : ` to ${max}`}`;
}

function checkedOption(attack: string, name: string, spec: OptionSpec, value: number): number {
  const { min, above, max, integer } = spec;
  const isInRange =
    Number.isFinite(value) &&
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max);
  if (isInRange && (!integer || Number.isSafeInteger(value))) return value;
  const kind = integer ? 'an integer' : 'a number';
  throw new UserError(
    'bad-option',
    `${attack}: ${name} is ${kind} ${rangeText(spec)}, not ${value}`,
    { hint: spec.about },
  );
}

/** What a loss is taken of. */
export interface Aim {
  /** Of the model. */
  readonly classes: number;
  readonly isTargeted?: boolean | undefined;
}

/** The losses of an attack that are defined for so many classes. */
export const definedLosses = (
  { losses, aimsAtClasses }: Attack,
  { classes, isTargeted = false }: Aim,
): readonly LossName[] => lossesFor(classes, losses, isTargeted || aimsAtClasses === true);

/**
 * Fills in what the user left open and checks the rest, once, before anything runs.
 * @throws UserError naming the choice that does not fit the attack, and the ones that do
 */
export function planAttack(
  attack: Attack,
  choices: {
    readonly norm?: Norm | undefined;
    /** Needed by fixed-budget attacks; a minimal-norm attack takes none. */
    readonly eps?: number | undefined;
    readonly loss?: LossName | undefined;
    readonly options?: Readonly<Record<string, number>>;
  } & Partial<Aim>,
): AttackPlan {
  const { norm = attack.norms[0], eps, classes = Number.POSITIVE_INFINITY, isTargeted } = choices;
  const { loss = definedLosses(attack, { classes, isTargeted })[0] } = choices;
  if (!attack.norms.includes(norm)) {
    throw new UserError(
      'bad-norm',
      `${attack.name} works in ${attack.norms.join(', ')}, not in ${norm}`,
      {
        hint: `choose the norm ${attack.norms[0]}, or another attack`,
      },
    );
  }
  if (loss !== undefined && !takesLoss(attack.losses, loss)) {
    const known = attack.losses.length > 0 ? attack.losses.join(', ') : 'no choice of loss';
    throw new UserError('bad-loss', `${attack.name} takes ${known}, not the loss ${loss}`, {
      hint: attack.losses.length > 0 ? `choose the loss ${attack.losses[0]}` : 'choose no loss',
    });
  }
  const threat = {
    norm,
    eps: attack.budget === 'minimal' ? Number.POSITIVE_INFINITY : checkedEps(norm, eps),
  };
  const options: Record<string, number> = {};
  const given = choices.options ?? {};
  for (const name of Object.keys(given)) {
    if (name in attack.options) continue;
    const known = Object.keys(attack.options);
    throw new UserError('unknown-option', `${attack.name} has no option '${name}'`, {
      hint: known.length > 0 ? `it has ${known.join(', ')}` : 'it has no options',
    });
  }
  for (const [name, spec] of Object.entries(attack.options)) {
    const value = given[name];
    if (value !== undefined) options[name] = checkedOption(attack.name, name, spec, value);
    else {
      options[name] =
        typeof spec.default === 'number' ? spec.default : spec.default(threat, options);
    }
  }
  return { attack, threat, loss, options };
}

function checkedEps(norm: Norm, eps: number | undefined): number {
  const most = norm === 'Linf' ? 1 : Number.POSITIVE_INFINITY;
  const legal =
    eps !== undefined && eps >= 0 && eps <= most && (norm !== 'L0' || Number.isSafeInteger(eps));
  if (legal && Number.isFinite(eps)) return eps;
  if (norm === 'L0') {
    throw new UserError('bad-eps', `an L0 eps is a number of features, not ${eps}`, {
      hint: 'give an integer from 0 up, such as 112',
    });
  }
  const pixels = eps !== undefined && eps > 1 && norm === 'Linf' ? `${eps}/255` : '0.1 or 8/255';
  throw new UserError('bad-eps', `pixels go from 0 to 1, so eps in ${norm} cannot be ${eps}`, {
    hint: `give eps in units of pixel value, such as ${pixels}`,
  });
}
