export { type Comparison, compareRuns, type Difference } from './compare-runs.ts';
export {
  GOALS,
  gridSize,
  METHODS,
  MOST_POINTS,
  type Objective,
  pointCount,
  type SweepDefinition,
} from './definition.ts';
export {
  type Choice,
  type Distribution,
  fromUnit,
  type Range,
  type Scalar,
} from './distributions.ts';
export type { Executor, OnTask } from './executor.ts';
export type { EarlyTermination } from './halving.ts';
export type { KeptRun } from './kept-run.ts';
export { LocalPool, type LocalPoolOptions, type WorkPlace } from './local-pool.ts';
export { METRIC_NAMES, METRICS, type MetricName } from './metrics.ts';
export { REPRODUCTIONS, type ReproductionName } from './reproductions/names.ts';
export { reproduce } from './reproductions/reproduce.ts';
export type { Subject } from './reproductions/reproduction.ts';
export { sweepResults } from './results.ts';
export { type Condition, parseCondition, runValue, sortRuns } from './run-filter.ts';
export {
  findRun,
  keepRun,
  type Prunable,
  prunable,
  type StoredRun,
  storedRuns,
} from './run-store.ts';
export type { Point } from './search.ts';
export { ShardPool, shardProcesses } from './shards.ts';
export {
  type PlannedTrial,
  runSweep,
  type SweepOptions,
  type SweepPoint,
  type SweepTrial,
} from './sweep.ts';
export { openSweep, SweepLock } from './sweep-folder.ts';
export { type Task, type TrialSettings, trialId } from './trial.ts';
