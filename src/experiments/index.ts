export {
  GOALS,
  gridSize,
  METHODS,
  MOST_POINTS,
  type Objective,
  pointCount,
  type SweepDefinition,
} from './definition.ts';
export { type Distribution, fromUnit, type Scalar } from './distributions.ts';
export type { Executor, OnTask } from './executor.ts';
export { type KeptRun, readRun } from './kept-run.ts';
export { LocalPool } from './local-pool.ts';
export { METRIC_NAMES, METRICS, type MetricName } from './metrics.ts';
export { sweepResults } from './results.ts';
export type { Point } from './search.ts';
export { type PlannedTrial, runSweep, type SweepPoint, type SweepTrial } from './sweep.ts';
export { openSweep, SweepLock } from './sweep-folder.ts';
export { type TrialSettings, trialId } from './trial.ts';
