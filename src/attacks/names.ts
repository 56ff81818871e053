/** The attacks' names in the registry's order, without the attacks: `--help` must start fast. */
export const ATTACK_NAMES = [
  'fgsm',
  'bim',
  'pgd',
  'mi-fgsm',
  'apgd',
  'apgd-t',
  'deepfool',
  'cw-l2',
  'cw-l0',
  'cw-linf',
  'fmn',
  'fab',
  'jsma',
  'square',
  'spsa',
  'hopskipjump',
  'noise',
  'transfer',
  'surrogate',
  'autoattack',
] as const;
export type AttackName = (typeof ATTACK_NAMES)[number];
