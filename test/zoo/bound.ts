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
export async function areRight(
  model: Classifier,
  images: Float32Array,
  labels: Int32Array,
): Promise<boolean[]> {
  const logits = await new Oracle(model).logits(images);
  return Array.from(labels, (label, i) => argmax(row(logits, i, model.classes)) === label);
}

/** Attacks on the open form of a defense: one batch of candidates a run. */
export async function candidatesAgainst(
  open: Classifier,
  batch: AttackBatch,
  threat: Threat,
): Promise<Float32Array[]> {
  const runs = RUNS.map(({ confidence, momentum }, run) =>
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
  return Promise.all(runs);
}

/**
 * Share of the examples that a planted defense answers correctly, clean and at every candidate: its
 * true robust accuracy is not above this.
 */
export async function boundOf(
  planted: Classifier,
  batch: AttackBatch,
  candidates: readonly Float32Array[],
): Promise<number> {
  const isRightAt = await Promise.all(
    [batch.images, ...candidates].map((images) => areRight(planted, images, batch.labels)),
  );
  const isRobust = Array.from(batch.labels, (_, i) => isRightAt.every((isRight) => isRight[i]));
  return isRobust.filter(Boolean).length / isRobust.length;
}
