/** What a planted defense can be worth at most: known examples against it, counted. */
import {
  type AttackBatch,
  argmax,
  ascend,
  Oracle,
  row,
  type Threat,
} from '../../src/attacks/index.ts';
import type { Classifier } from '../../src/models/index.ts';
import type { Defense } from './defenses.ts';

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

/**
 * Share of the examples that the planted defense answers correctly, clean and under attacks that
 * know it. Its true robust accuracy is not above this.
 */
export function boundOf(
  defense: Defense,
  base: Classifier,
  examples: AttackBatch,
  threat: Threat,
): number {
  const planted = defense.plant(base);
  const stands = areRight(planted, examples.images, examples.labels);
  for (const [run, { confidence, momentum }] of RUNS.entries()) {
    const candidates = ascend({
      oracle: new Oracle(defense.open(base)),
      examples: { ...examples, streams: examples.streams.map((one) => one.child(`bound ${run}`)) },
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
    });
    areRight(planted, candidates, examples.labels).forEach((isRight, i) => {
      stands[i] &&= isRight;
    });
  }
  return stands.filter(Boolean).length / stands.length;
}
