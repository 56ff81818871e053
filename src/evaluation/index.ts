export {
  type AccuracySummary,
  classify,
  predictions,
  type Rate,
  rateOf,
  summariseAccuracy,
} from './accuracy.ts';
export {
  type AttackJob,
  type AttackRun,
  attackDataset,
  examplesAt,
  judge,
  type Outcomes,
} from './attacking.ts';
export {
  attackRecord,
  type EvaluationPlan,
  evaluate,
  nameOf,
  type PlannedAttack,
  type Provenance,
  type Subject,
  worstCase,
} from './evaluate.ts';
export { EXAMPLES, packImages, unpackImages } from './examples.ts';
export { FLAG_CODES, type FlagCode } from './flags.ts';
export { checkGates, type Gates } from './gates.ts';
export {
  type GradientSummary,
  HISTOGRAM_FROM,
  HISTOGRAM_TO,
  measureGradients,
} from './gradients.ts';
export { GAP_FROM, GAP_TO, logitGaps } from './logit-gap.ts';
export { PartialEvaluation } from './partial.ts';
export { type AttackScope, namedAttacks, presetAttacks } from './presets.ts';
export {
  type AttackRecord,
  type EvaluationRecord,
  type Flag,
  type ModelRecord,
  parseRecord,
  RECORD_SCHEMA,
  type TestRecord,
  type Verdict,
} from './records.ts';
export { clopperPearson, type Interval, mcnemar, wilson } from './statistics.ts';
