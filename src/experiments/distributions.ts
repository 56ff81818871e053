/** What a parameter of a sweep may be: one of some values, or a number in a range. */
import type { RandomStream } from '../engine/index.ts';

/** A value of a parameter, as it is written in a file or typed. */
export type Scalar = string | number | boolean;

/** Listed values, each as likely as the others. */
export interface Choice {
  readonly kind: 'choice';
  readonly values: readonly Scalar[];
}

/** A number in [min, max]. */
export interface Range {
  readonly kind: 'range';
  readonly min: number;
  readonly max: number;
  /** Whether the logarithm, and not the number, is uniform. */
  readonly isLog: boolean;
  /** Numbers are multiples of it; absent: any number. */
  readonly step?: number;
}

export type Distribution = Choice | Range;

/** Every value of a distribution; undefined where there is no end of them. */
export function valuesOf(distribution: Distribution): readonly Scalar[] | undefined {
  if (distribution.kind === 'choice') return distribution.values;
  const { min, max, step } = distribution;
  if (step === undefined) return undefined;
  const [first, last] = [Math.ceil(min / step - SLACK), Math.floor(max / step + SLACK)];
  return Array.from({ length: last - first + 1 }, (_, i) => clean((first + i) * step));
}

/** How far a bound may be from a multiple of the step, in steps, and still be one. */
const SLACK = 1e-9;

/** A number without the digits that multiplication in floats leaves behind. */
const clean = (value: number): number => Number(value.toPrecision(12));

/** Of a number in a range: where it lies, from 0 to 1, as the distribution counts. */
export function toUnit({ min, max, isLog }: Range, value: number): number {
  const of = (x: number) => (isLog ? Math.log(x) : x);
  return max === min ? 0 : (of(value) - of(min)) / (of(max) - of(min));
}

/** The number at a place from 0 to 1 of a range. */
export function fromUnit({ min, max, isLog, step }: Range, unit: number): number {
  const value = isLog ? min * (max / min) ** unit : min + unit * (max - min);
  if (step === undefined) return clean(Math.min(max, Math.max(min, value)));
  const least = Math.ceil(min / step - SLACK);
  const most = Math.floor(max / step + SLACK);
  return clean(step * Math.min(most, Math.max(least, Math.round(value / step))));
}

/** A value drawn at random. */
export function sample(distribution: Distribution, stream: RandomStream): Scalar {
  if (distribution.kind === 'range') return fromUnit(distribution, stream.uniform());
  return distribution.values[stream.integer(distribution.values.length)];
}
