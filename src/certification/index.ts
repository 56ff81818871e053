export { type BranchResult, branchAndBound } from './branch-and-bound.ts';
export {
  type CertifiableModel,
  type CertifyJob,
  type CertifyRun,
  certifyAttack,
  certifyImages,
  type Decider,
  type ImageCertificate,
} from './certify.ts';
export { budgetBox, crownBounds, imageBox } from './crown.ts';
export { type Graph, intervalBounds } from './graph.ts';
export { lowerBounds, type Objective } from './linear-bounds.ts';
export { lowerNetwork } from './lowering.ts';
export { METHODS, type Method } from './methods.ts';
export type { Box } from './operations/operation.ts';
export {
  budgetRecord,
  CERTIFICATE_SCHEMA,
  type CertificateBudget,
  type CertificateRecord,
  certificateSchema,
  parseCertificate,
} from './records.ts';
export { Relaxation } from './relaxation.ts';
export {
  checkSmoothing,
  radiusOf,
  SELECTION_DRAWS,
  type SmoothedAnswer,
  type Smoothing,
  smoothImage,
} from './smoothing.ts';
export {
  answerSchema,
  parseSmoothing,
  SMOOTHING_SCHEMA,
  type SmoothingRecord,
  summarizeAnswers,
} from './smoothing-records.ts';
export {
  type Comparison,
  type Property,
  parseProperty,
  robustnessProperty,
} from './vnnlib/property.ts';
export { type Verification, verifyProperty } from './vnnlib/verify.ts';
