export {
  type Access,
  type Attack,
  type AttackInput,
  type AttackKind,
  defineAttack,
  type OptionSpec,
  type OptionSpecs,
  type OptionsOf,
} from './attack.ts';
export { batchOf } from './batch.ts';
export { classTargetsOf, goalMargin, reachesGoal } from './goals.ts';
export { type Ascent, ascend } from './gradient-ascent.ts';
export { type Loss, type LossTarget, softmax32 } from './losses/loss.ts';
export {
  anyLoss,
  isLossName,
  LOSSES,
  type LossName,
  lossesFor,
  lossFor,
  lossNamed,
  registerLoss,
} from './losses/registry.ts';
export { type Gradients, Oracle } from './oracle.ts';
export { type Aim, type AttackPlan, definedLosses, planAttack } from './plan.ts';
export { ATTACK_NAMES, ATTACKS, attackNamed, registerAttack } from './registry.ts';
export { type AttackResult, runAttack } from './run.ts';
export {
  acceptedDistance,
  distance,
  isWithin,
  linearMaximum,
  project,
  randomStart,
  steepestStep,
} from './threat.ts';
export {
  type AttackBatch,
  type ClassTargets,
  type Goal,
  NORMS,
  type Norm,
  type Threat,
} from './types.ts';
export { USUAL_EPS } from './usual-eps.ts';
