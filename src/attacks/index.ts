export type { Access, Attack } from './attack.ts';
export { type Ascent, ascend } from './gradient-ascent.ts';
export { LOSSES, type LossName, lossAt, lossesFor, lossNamed } from './losses/registry.ts';
export { type Gradients, Oracle } from './oracle.ts';
export { type AttackPlan, definedLosses, planAttack } from './plan.ts';
export { ATTACK_NAMES, ATTACKS, attackNamed } from './registry.ts';
export { type AttackResult, runAttack } from './run.ts';
export { distance, isWithin, linearMaximum, TOLERANCE } from './threat.ts';
export {
  type AttackBatch,
  type ClassTargets,
  type Goal,
  NORMS,
  type Norm,
  type Threat,
} from './types.ts';
