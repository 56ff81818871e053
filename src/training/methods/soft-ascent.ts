/**
 * Inner maximization against distributions instead of labels: points within the budget at which the
 * model's answers differ most, in Kullback-Leibler divergence, from the ones given.
 */
import { gather, row } from '../../arrays.ts';
import { ascend, type Gradients, Oracle, softmax32 } from '../../attacks/index.ts';
import { type Adversary, rampAt, stepSize } from '../adversarial.ts';
import type { Perturb } from '../fit.ts';

/** Standard deviation of the noise that a run starts with: at the image itself the slope may be 0. */
const START_NOISE = 1e-3;

const LEAST_PROBABILITY = 1e-30;

/** softmax(logits / T) of every row. */
export function probabilitiesOf(
  logits: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let i = 0; i < logits.length / classes; i++) {
    softmax32(row(logits, i, classes), temperature, row(probabilities, i, classes));
  }
  return probabilities;
}

/**
 * The slope of KL(target || softmax(logits / T)) in the logits, `[N, classes]`: that of the
 * cross-entropy, since the target's entropy does not depend on them.
 */
export function divergenceSlope(
  logits: Float32Array,
  targets: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  const slope = probabilitiesOf(logits, classes, temperature);
  for (let i = 0; i < slope.length; i++) slope[i] = (slope[i] - targets[i]) / temperature;
  return slope;
}

/**
 * The slopes of KL(softmax(teacher) || softmax(student)) in both networks' logits, `[N, classes]`.
 */
export function disagreementSlopes(
  student: Float32Array,
  teacher: Float32Array,
  classes: number,
): { readonly student: Float32Array; readonly teacher: Float32Array } {
  const wanted = probabilitiesOf(teacher, classes, 1);
  const found = probabilitiesOf(student, classes, 1);
  const slope = new Float32Array(teacher.length);
  for (let from = 0; from < slope.length; from += classes) {
    const gaps = Array.from({ length: classes }, (_, c) => {
      const [p, q] = [wanted[from + c], found[from + c]];
      return Math.log(Math.max(p, LEAST_PROBABILITY)) - Math.log(Math.max(q, LEAST_PROBABILITY));
    });
    const divergence = gaps.reduce((sum, gap, c) => sum + wanted[from + c] * gap, 0);
    for (const [c, gap] of gaps.entries()) {
      slope[from + c] = wanted[from + c] * (gap - divergence);
    }
  }
  return { student: found.map((q, i) => q - wanted[i]), teacher: slope };
}

type Step = Parameters<Perturb>[0];

/** Points of steepest ascent within the budget, from the images and a little noise, `[N, H, W, C]`. */
export function noisyAscent(
  { eps: fullEps, steps }: Adversary,
  { images, labels, progress, stream }: Step,
  oracle: Oracle,
  gradientsAt: (points: Float32Array, examples: readonly number[]) => Promise<Gradients>,
): Promise<Float32Array> {
  const eps = fullEps * rampAt(progress);
  return ascend({
    oracle,
    batch: { images, labels, streams: Array.from(labels, (_, i) => stream.child(i)) },
    goal: { kind: 'untargeted' },
    threat: { norm: 'Linf', eps },
    loss: 'temperature',
    gradientsAt,
    steps,
    stepSize: stepSize(eps, steps),
    restarts: 1,
    randomStart: false,
    moveStarts: (points) => {
      const noise = stream.child('noise');
      for (let i = 0; i < points.length; i++) {
        points[i] = Math.min(1, Math.max(0, points[i] + START_NOISE * noise.normal()));
      }
    },
    momentum: 0,
    sparsity: 0,
    confidence: Number.POSITIVE_INFINITY,
  });
}

/** Points at which the model's answers differ most from `targets`, `[N, classes]`. */
export function softAscent(
  adversary: Adversary,
  step: Step,
  targets: Float32Array,
): Promise<Float32Array> {
  const { model } = step;
  const oracle = new Oracle(model.classifier('in training'));
  const { classes } = oracle;
  return noisyAscent(adversary, step, oracle, (points, examples) =>
    oracle.backward(points, (logits) =>
      divergenceSlope(logits, gather(targets, examples, classes), classes, model.temperature),
    ),
  );
}
