/** The table of a sweep as data: what its page, its Markdown and its `results.json` are made of. */

export const SWEEP_RESULTS_SCHEMA = 'distill-sweep-results/1';

type Scalar = string | number | boolean;

/** A mean over seeds with its 95 % interval; of fewer than three seeds, with the extremes. */
export interface Summary {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export interface TrialResult {
  readonly id: string;
  readonly seed: number;
  readonly outcome: 'done' | 'diverged' | 'stopped';
  /**
   * By the names of the sweep's metrics; empty for a training that diverged, and of one that was stopped early
   * only the accuracy on validation images then.
   */
  readonly metrics: Readonly<Record<string, number>>;
  readonly digests: Readonly<Record<string, string>>;
  /** Repeats the trial. */
  readonly command: string;
}

export interface PointResult {
  readonly point: Readonly<Record<string, Scalar>>;
  readonly trials: readonly TrialResult[];
  /** Over the seeds that came to an end, by metric. */
  readonly summary: Readonly<Record<string, Summary>>;
}

export interface MetricFacts {
  readonly name: string;
  readonly title: string;
  readonly unit: 'share' | 'number';
}

/** No times: the same sweep has the same results to the bit. */
export interface SweepResults {
  readonly schema: typeof SWEEP_RESULTS_SCHEMA;
  readonly program: string;
  /** Starts the sweep, or goes on with it. */
  readonly command: string;
  readonly method: string;
  /** What was looked for, the first first. */
  readonly objectives: readonly {
    readonly name: string;
    readonly goal: 'maximize' | 'minimize';
  }[];
  /** What varied, the one that charts begin with first. */
  readonly parameters: readonly string[];
  readonly data: string;
  /** Linf budget of the attacks, and how many images were attacked. */
  readonly eps: number;
  readonly samples: number;
  readonly seeds: readonly number[];
  readonly metrics: readonly MetricFacts[];
  readonly points: readonly PointResult[];
  /** Index of the point whose mean is best by the first goal; null without one. */
  readonly best: number | null;
  /** Of two goals, the points that no other beats in both (Pareto); else none. */
  readonly front: readonly number[];
}
