/** What attacks are called in records, tables, files and gates: one name for one measurement. */
import { ATTACKS, type LossName, type Norm } from '../attacks/index.ts';
import { numberText } from '../numbers.ts';
import type { PlannedAttack } from './plan.ts';
import type { Target } from './records.ts';

/** A budget that must be kept, or the search for the smallest perturbation. */
export type AttackBudget = FixedBudget | { readonly budget: 'minimal'; readonly eps: null };
export interface FixedBudget {
  readonly budget: 'fixed';
  readonly eps: number;
}

/** Whether an attack has a budget, and does not look for the smallest perturbation. */
export const isFixedBudget = <A extends AttackBudget>(attack: A): attack is A & FixedBudget =>
  attack.budget === 'fixed';

/** What tells two attacks apart. */
export type AttackIdentity = AttackBudget & AttackChoices;
interface AttackChoices {
  readonly attack: string;
  readonly norm: Norm;
  readonly loss: LossName | null;
  readonly options: Readonly<Record<string, number>>;
  readonly target: Target | null;
  readonly source: string | null;
}

export function identityOf({ plan, source, target }: PlannedAttack): AttackIdentity {
  const { attack, threat, loss, options } = plan;
  return {
    ...(attack.budget === 'fixed'
      ? { budget: 'fixed', eps: threat.eps }
      : { budget: 'minimal', eps: null }),
    attack: attack.name,
    norm: threat.norm,
    loss: loss ?? null,
    options,
    target: target ?? null,
    source: source ?? null,
  };
}

/** Tells attacks apart exactly, where their names round numbers. */
export function keyOfAttack(identity: AttackIdentity): string {
  const { attack, norm, eps, loss, options, target, source } = identity;
  return JSON.stringify([attack, norm, eps, loss, Object.entries(options).sort(), target, source]);
}

/** Tells a planned attack on one model from every other one of an evaluation. */
export const keyOfPlanned = (model: string, planned: PlannedAttack): string =>
  `${model}: ${keyOfAttack(identityOf(planned))}`;

/** Undefined for an attack that only another version knows. */
const specOf = (name: string) => ATTACKS.find((attack) => attack.name === name);

/**
 * The options that are not the attack's own defaults, by name; of an attack that only another
 * version knows, all of them.
 */
export function choicesOf({ attack, norm, eps, options }: AttackIdentity): [string, number][] {
  const specs = specOf(attack)?.options;
  const threat = { norm, eps: eps ?? Number.POSITIVE_INFINITY };
  return Object.entries(options).filter(([option, value]) => {
    const usual = specs?.[option]?.default;
    return value !== (typeof usual === 'function' ? usual(threat, options) : usual);
  });
}

/**
 * Such as `pgd Linf 0.3 margin steps=100`: what `choicesOf` gives is part of it. For display and as a key; its
 * parts are in the identity.
 */
export function nameOfAttack(identity: AttackIdentity): string {
  const { attack, norm, eps, loss, target } = identity;
  return [
    attack,
    norm,
    ...(eps === null ? [] : [numberText(eps)]),
    ...(loss !== null && specOf(attack)?.losses.length !== 1 ? [loss] : []),
    ...choicesOf(identity).map(([option, value]) => `${option}=${numberText(value)}`),
    ...(target === null ? [] : [`target=${target}`]),
  ].join(' ');
}
