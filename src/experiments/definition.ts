/** What a sweep is: parameters with their values or ranges, a method that chooses, and a metric. */
import { type Distribution, valuesOf } from './distributions.ts';
import type { EarlyTermination } from './halving.ts';
import type { MetricName } from './metrics.ts';

export const METHODS = ['grid', 'random', 'bayes'] as const;
export type Method = (typeof METHODS)[number];

export const GOALS = ['maximize', 'minimize'] as const;

/** What a search looks for. */
export interface Objective {
  readonly name: MetricName;
  readonly goal: (typeof GOALS)[number];
}

export interface SweepDefinition {
  readonly method: Method;
  /** What is looked for, the first first; two of them give a front. None: the table is the result. */
  readonly objectives: readonly Objective[];
  /** What varies, by the name of the option. */
  readonly parameters: Readonly<Record<string, Distribution>>;
  /** Every point is tried with each of them. */
  readonly seeds: readonly number[];
  /** Most points; absent: all of a grid. */
  readonly runCap?: number;
  /** Of a search that learns: how many points are tried at once, each not knowing the others. */
  readonly atOnce?: number;
  /** Of a grid or a random search: which points end before their last epoch. */
  readonly earlyTermination?: EarlyTermination;
}

/** Points that a search tries at once where nothing else is said. */
export const USUAL_AT_ONCE = 4;

/** Most points of a sweep: with more, the page says nothing to anybody. */
export const MOST_POINTS = 10_000;

/** How many points a grid has; undefined where one of its parameters has no end of values. */
export function gridSize({ parameters }: Pick<SweepDefinition, 'parameters'>): number | undefined {
  return Object.values(parameters).reduce<number | undefined>((product, distribution) => {
    const values = valuesOf(distribution);
    return product === undefined || values === undefined ? undefined : product * values.length;
  }, 1);
}

/** How many points the sweep tries. */
export const pointCount = (definition: SweepDefinition): number =>
  Math.min(
    definition.method === 'grid' ? (gridSize(definition) ?? MOST_POINTS) : MOST_POINTS,
    definition.runCap ?? MOST_POINTS,
  );
