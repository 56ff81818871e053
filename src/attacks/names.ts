/** The attacks' names in the registry's order, without the attacks: `--help` must start fast. */
export const ATTACK_NAMES = ['fgsm', 'bim', 'pgd', 'mi-fgsm'] as const;
export type AttackName = (typeof ATTACK_NAMES)[number];
