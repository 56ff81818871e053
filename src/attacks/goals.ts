/** Goals and logits: which classes a goal refers to, and whether logits reach it. */
import { argmax, argmaxExcept, row } from '../arrays.ts';
import type { AttackBatch, ClassTargets, Goal } from './types.ts';

/** The class targets of the examples at `rows` (all of them by default). */
export function classTargetsOf(
  batch: AttackBatch,
  goal: Goal,
  rows?: readonly number[],
): ClassTargets {
  const all = {
    labels: batch.labels,
    targets: goal.kind === 'targeted' ? goal.targets : undefined,
  };
  return rows ? targetsAt(all, rows) : all;
}

/** The class targets of some rows. */
export function targetsAt(
  { labels, targets }: ClassTargets,
  rows: readonly number[],
): ClassTargets {
  return {
    labels: Int32Array.from(rows, (i) => labels[i]),
    targets: targets && Int32Array.from(rows, (i) => targets[i]),
  };
}

/** Whether row `index` of a batch of logits reaches the goal: another class than the label, or the target. */
export function reachesGoal(
  logits: Float32Array,
  classTargets: ClassTargets,
  index: number,
): boolean {
  const { labels, targets } = classTargets;
  const winner = argmax(row(logits, index, logits.length / labels.length));
  return targets ? winner === targets[index] : winner !== labels[index];
}

/** Two classes of one row of logits: the goal is that the first exceeds the second. */
export interface ClassPair {
  readonly winner: number;
  readonly loser: number;
}

/**
 * The classes of Carlini & Wagner's margin at one row of logits: the best class other than the
 * label over the label, or the target over the best other class.
 */
export function marginClasses(
  scores: Float32Array,
  label: number,
  target: number | undefined,
): ClassPair {
  return target === undefined
    ? { winner: argmaxExcept(scores, label), loser: label }
    : { winner: target, loser: argmaxExcept(scores, target) };
}

/**
 * By how much row `index` of a batch of logits reaches the goal (Carlini & Wagner's margin):
 * positive once it is reached, ties apart.
 */
export function goalMargin(
  logits: Float32Array,
  classTargets: ClassTargets,
  index: number,
): number {
  const { labels, targets } = classTargets;
  const scores = row(logits, index, logits.length / labels.length);
  const { winner, loser } = marginClasses(scores, labels[index], targets?.[index]);
  return scores[winner] - scores[loser];
}
