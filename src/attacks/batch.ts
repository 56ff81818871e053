/**
 * Batches as plain arrays: `[count, features]`, row after row. Finished examples leave a batch by
 * being left out of the next `gather`.
 */
import { argmax, argmaxExcept } from './losses.ts';
import type { ClassTargets } from './oracle.ts';

/** Row `index` of a batch: a view, not a copy. */
export function row(batch: Float32Array, index: number, features: number): Float32Array {
  return batch.subarray(index * features, (index + 1) * features);
}

/** A batch of the rows at `indices`, copied. */
export function gather(
  batch: Float32Array,
  indices: readonly number[],
  features: number,
): Float32Array {
  const out = new Float32Array(indices.length * features);
  indices.forEach((index, i) => {
    out.set(row(batch, index, features), i * features);
  });
  return out;
}

/** The numbers 0 … count - 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Whether row `index` of a batch of logits reaches the goal: another class than the label, or the target. */
export function reachesGoal(logits: Float32Array, subjects: ClassTargets, index: number): boolean {
  const classes = logits.length / subjects.labels.length;
  const winner = argmax(row(logits, index, classes));
  return subjects.targets ? winner === subjects.targets[index] : winner !== subjects.labels[index];
}

/**
 * By how much row `index` of a batch of logits reaches the goal (Carlini & Wagner's margin):
 * positive once it is reached, ties apart.
 */
export function goalMargin(logits: Float32Array, subjects: ClassTargets, index: number): number {
  const classes = logits.length / subjects.labels.length;
  const scores = row(logits, index, classes);
  const target = subjects.targets?.[index];
  if (target !== undefined) return scores[target] - scores[argmaxExcept(scores, target)];
  const label = subjects.labels[index];
  return scores[argmaxExcept(scores, label)] - scores[label];
}
