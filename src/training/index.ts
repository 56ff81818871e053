export type { Adversary } from './adversarial.ts';
export { type CertifiedGoal, trainingEps } from './certified.ts';
export { checkpointPath } from './checkpoint.ts';
export type { TrainingProgress } from './fit.ts';
export { worstLogits } from './interval-logits.ts';
export { crossEntropy } from './loss.ts';
export type { OutlierOptions } from './outlier-labels.ts';
export type { MethodName, RecipeName } from './settings.ts';
export {
  CERTIFIED_LOSSES,
  type CertifiedLoss,
  DEFAULTS,
  OPTIMIZERS,
  type OptimizerName,
  SMOOTHED_LOSSES,
  type SmoothedLoss,
  settingsWith,
  type TrainingSettings,
} from './settings.ts';
export type { SmoothedGoal } from './smoothed.ts';
export {
  checkNoiseCopies,
  checkStudentTemperature,
  checkTeacherTemperature,
  makeSoftLabels,
  readSoftLabels,
  readSoftLabelsCard,
  SOFT_LABELS_FOLDER,
  type SoftLabels,
  type SoftLabelsCard,
  softLabelInputsDigest,
} from './soft-labels.ts';
export { trainSurrogate } from './surrogate.ts';
export { EventWriter } from './tensorboard.ts';
export {
  studentInputsDigest,
  type TrainingOptions,
  teacherInputsDigest,
  trainAdversarial,
  trainCertified,
  trainSmoothed,
  trainStudent,
  trainTeacher,
} from './train.ts';
