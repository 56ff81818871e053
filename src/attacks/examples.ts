/** Some of the examples of a batch: what is left when others are finished. */
import { gather } from '../arrays.ts';
import type { AttackBatch, Goal } from './types.ts';

/** The examples at `rows`, copied; `features` is the number of values in one image. */
export const gatherExamples = (
  { images, labels, streams }: AttackBatch,
  rows: readonly number[],
  features: number,
): AttackBatch => ({
  images: gather(images, rows, features),
  labels: Int32Array.from(rows, (example) => labels[example]),
  streams: rows.map((example) => streams[example]),
});

/** The goal of the examples at `rows`. */
export const goalAt = (goal: Goal, rows: readonly number[]): Goal =>
  goal.kind === 'targeted'
    ? { kind: 'targeted', targets: Int32Array.from(rows, (example) => goal.targets[example]) }
    : goal;
