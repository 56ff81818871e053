/** Inputs that violate a property, searched for by projected gradient ascent and judged by the engine. */
import * as tf from '@tensorflow/tfjs-core';
import { row } from '../../arrays.ts';
import { RandomStream } from '../../engine/index.ts';
import type { Classifier } from '../../models/index.ts';
import type { Comparison, Property } from './property.ts';

const RESTARTS = 6;
const STEPS = 80;
/** First steps of the rounds in turn, as shares of each input's range; they shrink to nothing. */
const FIRST_STEPS = [0.25, 0.1, 0.5];

const comparisonValue = ({ coefficients, constant }: Comparison, outputs: ArrayLike<number>) =>
  coefficients.reduce((sum, factor, i) => sum + factor * outputs[i], constant);

/** Whether some violation holds for these outputs. */
const violates = ({ violations }: Property, outputs: ArrayLike<number>): boolean =>
  violations.some((comparisons) => comparisons.every((one) => comparisonValue(one, outputs) >= 0));

/** Inputs in a property's box, and what the engine makes of them. */
export interface Counterexample {
  readonly inputs: Float32Array;
  readonly outputs: Float32Array;
}

/** The inputs with their outputs, where they lie in the property's box and the outputs violate it. */
export function judged(
  classifier: Classifier,
  property: Property,
  inputs: Float32Array,
): Counterexample | undefined {
  const { lower, upper } = property.inputs;
  if (!inputs.every((x, i) => x >= lower[i] && x <= upper[i])) return undefined;
  let outputs = new Float32Array(0);
  tf.tidy(() => {
    const images = tf.tensor4d(inputs, [1, ...classifier.inputShape]);
    outputs = classifier.logits(images).dataSync<'float32'>().slice();
  });
  return violates(property, outputs) ? { inputs, outputs } : undefined;
}

/**
 * Looks for inputs that violate the property: for every violation some restarts, each ascending its
 * least comparison along the gradient's signs.
 * @param round from 0: later ones begin elsewhere
 * @param near where all restarts begin, give or take a tenth of each range; absent: anywhere
 */
export function findCounterexample(
  classifier: Classifier,
  property: Property,
  seed: number,
  round = 0,
  near?: Float64Array,
): Counterexample | undefined {
  const { inputs, violations } = property;
  const size = inputs.lower.length;
  const stream = new RandomStream(seed, `vnnlib/${round}`);
  const count = violations.length * RESTARTS;
  const points = new Float32Array(count * size);
  for (let at = 0; at < points.length; at++) {
    const i = at % size;
    // The very first restart begins in the middle.
    const isFirst = round === 0 && Math.floor(at / size) % RESTARTS === 0;
    const share = isFirst ? 0.5 : stream.uniform();
    const range = inputs.upper[i] - inputs.lower[i];
    const start = near ? near[i] + 0.2 * (share - 0.5) * range : inputs.lower[i] + share * range;
    points[at] = inside(start, inputs, i);
  }
  for (let step = 0; step <= STEPS; step++) {
    const { outputs, gradient } = ascent(classifier, property, points, size);
    for (let k = 0; k < count; k++) {
      if (!violates(property, row(outputs, k, property.outputCount))) continue;
      const found = judged(classifier, property, row(points, k, size).slice());
      if (found) return found;
    }
    const length = FIRST_STEPS[round % FIRST_STEPS.length] * (1 - step / STEPS);
    for (let at = 0; at < points.length; at++) {
      const i = at % size;
      const range = inputs.upper[i] - inputs.lower[i];
      points[at] = inside(points[at] + length * range * Math.sign(gradient[at]), inputs, i);
    }
  }
  return undefined;
}

/** The nearest float32 in an input's bounds. */
function inside(value: number, { lower, upper }: Property['inputs'], i: number): number {
  const rounded = Math.fround(Math.min(upper[i], Math.max(lower[i], value)));
  const step = 2 ** -24 * Math.max(1, Math.abs(rounded));
  if (rounded > upper[i]) return Math.fround(rounded - step);
  return rounded < lower[i] ? Math.fround(rounded + step) : rounded;
}

/** Outputs of all points, and the gradient of each one's least comparison. */
function ascent(
  classifier: Classifier,
  { violations, outputCount }: Property,
  points: Float32Array,
  size: number,
): { outputs: Float32Array; gradient: Float32Array } {
  let outputs = new Float32Array(0);
  let gradient = new Float32Array(0);
  tf.tidy(() => {
    const images = tf.tensor4d(points, [points.length / size, ...classifier.inputShape]);
    const carry = tf.grad((x) => {
      const logits = classifier.logits(x as tf.Tensor4D);
      outputs = logits.dataSync<'float32'>().slice();
      const directions = new Float32Array(outputs.length);
      for (let k = 0; k < points.length / size; k++) {
        const own = row(outputs, k, outputCount);
        const comparisons = violations[Math.floor(k / RESTARTS)];
        const least = comparisons.reduce((a, b) =>
          comparisonValue(b, own) < comparisonValue(a, own) ? b : a,
        );
        directions.set(least.coefficients, k * outputCount);
      }
      return tf.sum(
        tf.mul(logits, tf.tensor2d(directions, [directions.length / outputCount, outputCount])),
      );
    });
    gradient = carry(images).dataSync<'float32'>().slice();
  });
  return { outputs, gradient };
}
