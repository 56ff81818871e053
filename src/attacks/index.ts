export { row } from './batch.ts';
export { type Ascent, ascend } from './gradient-ascent.ts';
export { argmax, argmaxExcept, lossAt, ranking } from './losses.ts';
export { type ClassTargets, type Gradients, Oracle } from './oracle.ts';
export { ATTACKS, attackNamed } from './registry.ts';
export { type AttackPlan, type AttackResult, planAttack, runAttack } from './run.ts';
export { distance, isWithin, TOLERANCE } from './threat.ts';
export {
  type Access,
  type Attack,
  type AttackBatch,
  type Goal,
  LOSSES,
  type LossName,
  NORMS,
  type Norm,
  type Threat,
} from './types.ts';
