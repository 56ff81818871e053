/** What is true of attacks and losses, as far as evaluations need it. */
import { type AttackPlan, attackNamed, type LossName } from '../attacks/index.ts';

const SINGLE_STEP = ['fgsm'];
const ITERATIVE = ['bim', 'pgd', 'mi-fgsm', 'apgd', 'apgd-t', 'autoattack'];
const VANISHING: readonly LossName[] = ['softmax', 'logits'];
const SCALE_INVARIANT: readonly LossName[] = ['margin', 'dlr'];

/** How an attack goes about it: in one step, in many steps within a budget, or by searching. */
export function attackKind(name: string): 'single-step' | 'iterative' | 'search' {
  if (SINGLE_STEP.includes(name)) return 'single-step';
  const { budget, access } = attackNamed(name);
  const isMinimal = budget === 'minimal' && access === 'gradient';
  return ITERATIVE.includes(name) || isMinimal ? 'iterative' : 'search';
}

/** Whether large logits can take the gradient of a loss away. */
export const canVanish = (loss: LossName): boolean => VANISHING.includes(loss);

/** Whether a factor on the logits leaves the direction of a loss's gradient as it is. */
export const isScaleInvariant = (loss: LossName): boolean => SCALE_INVARIANT.includes(loss);

/**
 * What the logits are divided by in a loss that is a cross-entropy; undefined for any other loss,
 * whose gradient float32 does not change.
 */
export function crossEntropyDivisor(loss: LossName, temperature: number): number | undefined {
  if (isScaleInvariant(loss)) return undefined;
  return loss === 'temperature' ? temperature : 1;
}

/** Options that multiply the passes of an attack. */
const FACTORS = [
  'steps',
  'restarts',
  'searches',
  'rounds',
  'targets',
  'samples',
  'queries',
  'tries',
];
/** Passes of the ensemble, which has no options, on an image that stays correct. */
const AUTOATTACK = 8000;

/** Passes that an image is expected to take at most; one that is broken early takes fewer. */
export function expectedPasses({ attack, options }: AttackPlan): number {
  if (attack.name === 'autoattack') return AUTOATTACK;
  return FACTORS.reduce((passes, name) => passes * (options[name] ?? 1), 1);
}
