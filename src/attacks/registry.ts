import { UserError } from '../errors.ts';
import { apgd, apgdT } from './apgd.ts';
import { autoattack } from './autoattack.ts';
import { bim } from './bim.ts';
import { cwL0 } from './cw-l0.ts';
import { cwL2 } from './cw-l2.ts';
import { cwLinf } from './cw-linf.ts';
import { deepfool } from './deepfool.ts';
import { fab } from './fab.ts';
import { fgsm } from './fgsm.ts';
import { fmn } from './fmn.ts';
import { hopskipjump } from './hopskipjump.ts';
import { jsma } from './jsma.ts';
import { miFgsm } from './mi-fgsm.ts';
import { ATTACK_NAMES, type AttackName } from './names.ts';
import { noise } from './noise.ts';
import { pgd } from './pgd.ts';
import { spsa } from './spsa.ts';
import { square } from './square.ts';
import { surrogate } from './surrogate.ts';
import { transfer } from './transfer.ts';
import type { Attack } from './types.ts';

const BY_NAME: Readonly<Record<AttackName, Attack>> = {
  fgsm,
  bim,
  pgd,
  'mi-fgsm': miFgsm,
  apgd,
  'apgd-t': apgdT,
  deepfool,
  'cw-l2': cwL2,
  'cw-l0': cwL0,
  'cw-linf': cwLinf,
  fmn,
  fab,
  jsma,
  square,
  spsa,
  hopskipjump,
  noise,
  transfer,
  surrogate,
  autoattack,
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
