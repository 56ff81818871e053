/** What attacks are called in records, tables, files and gates: one name for one measurement. */
import { ATTACKS, type LossName, type Norm } from '../attacks/index.ts';
import type { PlannedAttack } from './evaluate.ts';
import type { Target } from './records.ts';

/** What tells two attacks apart. */
export interface AttackIdentity {
  readonly attack: string;
  readonly norm: Norm;
  /** Null for attacks that look for the smallest perturbation. */
  readonly eps: number | null;
  readonly loss: LossName | null;
  readonly options: Readonly<Record<string, number>>;
  readonly target: Target | null;
  readonly source: string | null;
}

export function identityOf({ plan, source, target }: PlannedAttack): AttackIdentity {
  const { attack, threat, loss, options } = plan;
  return {
    attack: attack.name,
    norm: threat.norm,
    eps: Number.isFinite(threat.eps) ? threat.eps : null,
    loss: loss ?? null,
    options,
    target: target ?? null,
    source: source ?? null,
  };
}

/** In four digits at most, such as `0.03137`. */
export const budgetText = (eps: number): string => String(Number(eps.toPrecision(4)));

/**
 * Such as `pgd Linf 0.3 margin steps=100`: the choices that are not the attack's own defaults. Of an
 * attack that only another version knows, all of them.
 */
export function nameOfAttack(identity: AttackIdentity): string {
  const { attack: name, norm, eps, loss, options, target } = identity;
  const attack = ATTACKS.find((one) => one.name === name);
  const threat = { norm, eps: eps ?? Number.POSITIVE_INFINITY };
  const chosen = Object.entries(options).filter(([option, value]) => {
    const usual = attack?.options[option]?.default;
    return value !== (typeof usual === 'function' ? usual(threat, options) : usual);
  });
  return [
    name,
    norm,
    ...(eps === null ? [] : [budgetText(eps)]),
    ...(loss !== null && attack?.losses.length !== 1 ? [loss] : []),
    ...chosen.map(([option, value]) => `${option}=${Number(value.toPrecision(4))}`),
    ...(target === null ? [] : [`target=${target}`]),
  ].join(' ');
}
