/**
 * Every attack. `--help` reads names and facts from here, so that no file that this one loads may
 * load TensorFlow.js: attacks read models through an `Oracle` that they are given.
 */
import { closest } from '../closest.ts';
import { UserError } from '../errors.ts';
import { apgd } from './apgd.ts';
import { apgdT } from './apgd-t.ts';
import type { Attack } from './attack.ts';
import { autoattack } from './autoattack.ts';
import { bb } from './bb.ts';
import { bim } from './bim.ts';
import { cwL0 } from './cw-l0.ts';
import { cwL2 } from './cw-l2.ts';
import { cwLinf } from './cw-linf.ts';
import { ddn } from './ddn.ts';
import { deepfool } from './deepfool.ts';
import { ead } from './ead.ts';
import { fab } from './fab.ts';
import { fgsm } from './fgsm.ts';
import { fmn } from './fmn.ts';
import { hopskipjump } from './hopskipjump.ts';
import { jsma } from './jsma.ts';
import { miFgsm } from './mi-fgsm.ts';
import { noise } from './noise.ts';
import { odi } from './odi.ts';
import { pgd } from './pgd.ts';
import { sigmaZero } from './sigma-zero.ts';
import { spsa } from './spsa.ts';
import { square } from './square.ts';
import { surrogate } from './surrogate.ts';
import { transfer } from './transfer.ts';

const KNOWN: Attack[] = [
  fgsm,
  bim,
  pgd,
  odi,
  miFgsm,
  apgd,
  apgdT,
  deepfool,
  cwL2,
  cwL0,
  cwLinf,
  ddn,
  ead,
  fmn,
  fab,
  bb,
  sigmaZero,
  jsma,
  square,
  spsa,
  hopskipjump,
  noise,
  transfer,
  surrogate,
  autoattack,
];

/**
 * Every attack, in the order in which help, tables and docs list them; then those that were
 * registered.
 */
export const ATTACKS: readonly Attack[] = KNOWN;

/** The names of the attacks that come with the program. */
export const ATTACK_NAMES: readonly string[] = KNOWN.map(({ name }) => name);

/**
 * Makes an attack of your own known by its name in this process, as records, flags and reports
 * need it. The same attack may be registered again.
 *
 * @throws UserError `name-taken` when another attack has the name
 */
export function registerAttack(attack: Attack): void {
  const other = KNOWN.find(({ name }) => name === attack.name);
  if (other === attack) return;
  if (other) {
    throw new UserError('name-taken', `there is an attack named '${attack.name}' already`, {
      hint: 'give yours another name',
    });
  }
  KNOWN.push(attack);
}

/**
 * The attack of that name.
 * @throws UserError `unknown-attack`
 */
export function attackNamed(name: string): Attack {
  const attack = ATTACKS.find((candidate) => candidate.name === name);
  if (attack) return attack;
  const names = ATTACKS.map((one) => one.name);
  const meant = closest(name, names);
  throw new UserError('unknown-attack', `there is no attack named '${name}'`, {
    hint: `${meant === undefined ? '' : `did you mean ${meant}? `}choose one of ${names.join(', ')}`,
  });
}
