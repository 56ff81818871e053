import { UserError } from '../errors.ts';
import { bim } from './bim.ts';
import { fgsm } from './fgsm.ts';
import { miFgsm } from './mi-fgsm.ts';
import { ATTACK_NAMES, type AttackName } from './names.ts';
import { pgd } from './pgd.ts';
import type { Attack } from './types.ts';

const BY_NAME: Readonly<Record<AttackName, Attack>> = {
  fgsm,
  bim,
  pgd,
  'mi-fgsm': miFgsm,
};

/** Every attack, in the order in which help, tables and docs list them. */
export const ATTACKS: readonly Attack[] = ATTACK_NAMES.map((name) => BY_NAME[name]);

/**
 * The attack of that name.
 * @throws UserError `unknown-attack`
 */
export function attackNamed(name: string): Attack {
  const attack = ATTACKS.find((candidate) => candidate.name === name);
  if (attack) return attack;
  throw new UserError('unknown-attack', `there is no attack named '${name}'`, {
    hint: `choose one of ${ATTACK_NAMES.join(', ')}`,
  });
}
