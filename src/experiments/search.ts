/** Which point a sweep tries next. */
import { RandomStream } from '../engine/index.ts';
import { type SweepDefinition, USUAL_AT_ONCE } from './definition.ts';
import { type Scalar, sample, valuesOf } from './distributions.ts';
import { type Observation, tpePoint } from './tpe.ts';

/** A value for each parameter that varies. */
export type Point = Readonly<Record<string, Scalar>>;

/** The n-th point of a grid: the last parameter changes fastest. */
function gridPoint({ parameters }: SweepDefinition, n: number): Point {
  let rest = n;
  const chosen = Object.entries(parameters)
    .reverse()
    .map(([name, distribution]): [string, Scalar] => {
      const values = valuesOf(distribution) ?? [];
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      return [name, value];
    });
  return Object.fromEntries(chosen.reverse());
}

/** A point drawn at random; the n-th is the same whatever was drawn before. */
function randomPoint({ parameters, seeds }: SweepDefinition, n: number): Point {
  const stream = new RandomStream(seeds[0], `sweep/${n}`);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, distribution]) => [
      name,
      sample(distribution, stream.child(name)),
    ]),
  );
}

/**
 * The n-th point of a sweep.
 * @param observations what is known when it is chosen; only a search that learns looks at it
 */
export function pointAt(
  definition: SweepDefinition,
  n: number,
  observations: readonly Observation[] = [],
): Point {
  const { method, parameters, seeds } = definition;
  if (method === 'grid') return gridPoint(definition, n);
  if (method === 'random') return randomPoint(definition, n);
  return tpePoint(parameters, observations, new RandomStream(seeds[0], `sweep/${n}`));
}

/**
 * How many of the points before the n-th are known when it is chosen: of a search that learns, all
 * but those that are tried at the same time; of others none is needed. That number, and not which
 * trial ends first, decides what is tried, so that a sweep comes to the same however it runs.
 */
export const knownBefore = (
  { method, atOnce = USUAL_AT_ONCE }: SweepDefinition,
  n: number,
): number => (method === 'bayes' ? Math.max(0, n - atOnce + 1) : 0);
