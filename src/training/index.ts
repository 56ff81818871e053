export type { Adversary } from './adversarial.ts';
export type { TrainingProgress } from './fit.ts';
export { crossEntropy } from './loss.ts';
export {
  DEFAULTS,
  OPTIMIZERS,
  type OptimizerName,
  settingsWith,
  type TrainingSettings,
} from './settings.ts';
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
  trainStudent,
  trainTeacher,
} from './train.ts';
