export { type AttackOptions, type AttackOutcome, attack } from './attack.ts';
export { openCertifier } from './certifier.ts';
export { type CertifyOptions, certify } from './certify.ts';
export { datasetOf, type ImageOptions } from './data.ts';
export { type RunningEngine, runningEngine, startEngine } from './engine.ts';
export { DEFAULT_EPS, type EvaluateOptions, type EvaluationData, evaluate } from './evaluate.ts';
export { nameOfModel, openModels } from './models.ts';
export {
  certifyProperty,
  DEFAULT_TIME_LIMIT,
  PROPERTY_SCHEMA,
  type PropertyOptions,
  type PropertyRecord,
  robustnessProperties,
} from './properties.ts';
export { provenance, surrogateTrainer } from './provenance.ts';
export { report, writeFiles } from './report.ts';
export {
  certifySmoothed,
  SMOOTHING_DEFAULTS,
  type SmoothingOptions,
} from './smoothing.ts';
export {
  type DistillOptions,
  distill,
  type SoftenOptions,
  softLabels,
  type TrainOptions,
  train,
  trainCertified,
} from './training.ts';
