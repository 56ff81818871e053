/** Which point a sweep tries next. */
import { RandomStream } from '../engine/index.ts';
import type { SweepDefinition } from './definition.ts';
import { type Scalar, sample, valuesOf } from './distributions.ts';

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

/** The n-th point of a sweep. */
export const pointAt = (definition: SweepDefinition, n: number): Point =>
  definition.method === 'grid' ? gridPoint(definition, n) : randomPoint(definition, n);
