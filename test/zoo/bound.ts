/** What a planted defense can be worth at most: known examples against it, counted. */
import { argmax, row } from '../../src/arrays.ts';
import { type AttackBatch, ascend, Oracle, type Threat } from '../../src/attacks/index.ts';
import type { Classifier } from '../../src/models/index.ts';

const STEPS = 40;
/** Each run starts elsewhere; the last ones go on until fooled with confidence. */
const RUNS = [
  { confidence: 0, momentum: 0 },
  { confidence: Number.POSITIVE_INFINITY, momentum: 0.9 },
  { confidence: Number.POSITIVE_INFINITY, momentum: 0 },
] as const;

/** Whether the model answers each of `images` with its label. */
export function areRight(model: Classifier, images: Float32Array, labels: Int32Array): boolean[] {
  const logits = new Oracle(model).logits(images);
  return Array.from(labels, (label, i) => argmax(row(logits, i, model.classes)) === label);
}

/** Attacks on the open form of a defense: one batch of candidates a run. */
export function candidatesAgainst(
  open: Classifier,
  batch: AttackBatch,
  threat: Threat,
): Float32Array[] {
  return RUNS.map(({ confidence, momentum }, run) =>
    ascend({
      oracle: new Oracle(open),
      batch: { ...batch, streams: batch.streams.map((one) => one.child(`bound ${run}`)) },
      goal: { kind: 'untargeted' },
      threat,
      loss: 'margin',
      steps: STEPS,
      stepSize: (2.5 * threat.eps) / STEPS,
      restarts: 1,
      randomStart: true,
      momentum,
      sparsity: 0.01,
      confidence,
    }),
  );
}

/**
 * Share of the examples that a planted defense answers correctly, clean and at every candidate: its
 * true robust accuracy is not above this.
 */
export function boundOf(
  planted: Classifier,
  batch: AttackBatch,
  candidates: readonly Float32Array[],
): number {
  const isRightAt = [batch.images, ...candidates].map((images) =>
    areRight(planted, images, batch.labels),
  );
  const isRobust = Array.from(batch.labels, (_, i) => isRightAt.every((isRight) => isRight[i]));
  return isRobust.filter(Boolean).length / isRobust.length;
}
