export {
  clopperPearson,
  holm,
  type Interval,
  mcnemar,
  medianRanks,
  pairedDifference,
  wilson,
} from '../statistics.ts';
export {
  type AccuracySummary,
  classify,
  type Rate,
  rateOf,
  summarizeAccuracy,
} from './accuracy.ts';
export {
  type AttackJob,
  type AttackRun,
  attackDataset,
  examplesAt,
  judge,
  type Outcomes,
} from './attacking.ts';
export { cleanLogits, predictedClasses } from './clean.ts';
export { conclude } from './conclusions.ts';
export { evaluationDigest, type PlanOutline } from './digest.ts';
export { averaged } from './draws.ts';
export { attackRecord, evaluate, requireAttacks } from './evaluate.ts';
export { EVIDENCE_CODES, evidenceTitle } from './evidence.ts';
export { packImages, unpackImages } from './examples.ts';
export { FLAG_CODES, type FlagCode, flagWords } from './flags.ts';
export {
  type Failure,
  type Gate,
  type GateEnd,
  parseGate,
  shortGates,
} from './gate-syntax.ts';
export { gateMetrics, gateText, judgeGates, requireGates } from './gates.ts';
export { measureGradientTruth, truthfulShare } from './gradient-truth.ts';
export {
  type GradientSummary,
  HISTOGRAM_FROM,
  HISTOGRAM_TO,
  magnitudeHistogram,
  measureGradients,
} from './gradients.ts';
export { joinRecords } from './joining.ts';
export { checkLevels } from './levels.ts';
export { GAP_FROM, GAP_TO, gapHistogram, logitGaps, medianGap } from './logit-gap.ts';
export {
  type AttackBudget,
  type AttackIdentity,
  choicesOf,
  type FixedBudget,
  identityOf,
  isFixedBudget,
  nameOfAttack,
} from './names.ts';
export { robustAccuracy } from './paired-tests.ts';
export { PartialEvaluation } from './partial.ts';
export { type RangeTrials, tryPixelRanges } from './pixel-ranges.ts';
export type {
  Certifier,
  EvaluatedModel,
  EvaluationPlan,
  PlannedAttack,
  Provenance,
  SurrogateTrainer,
} from './plan.ts';
export { PRESET_NAMES, PRESET_SAMPLES, type PresetName } from './preset-names.ts';
export {
  type AttackScope,
  checkTargeted,
  followUpAttacks,
  namedAttacks,
  presetAttacks,
  type Setting,
} from './presets.ts';
export { parseRecord } from './record-text.ts';
export {
  type AttackFailure,
  type AttackRecord,
  type Certificates,
  type EvaluationRecord,
  type EvaluationRequest,
  type Evidence,
  type Flag,
  type GateResult,
  type ModelRecord,
  RECORD_SCHEMA,
  type Target,
  type TestRecord,
  type Verdict,
  type WorstCase,
} from './records.ts';
export {
  type TargetSpread,
  targetDistanceSamples,
  targetDistances,
  targetRates,
} from './targets.ts';
export { robustImages, worstCase, worstCases } from './worst-case.ts';
