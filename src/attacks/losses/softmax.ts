/** Cross-entropy on float32 probabilities, clipped as Keras does, differentiated as a tape would. */
import { type Loss, softmax32 } from './loss.ts';

const { fround, log } = Math;

/** Keras clips probabilities to [1e-7, 1 - 1e-7] before the logarithm; beyond, no gradient flows. */
const CLIP_LOW = fround(1e-7);
const CLIP_HIGH = fround(1 - 1e-7);

export const softmax = {
  name: 'softmax',
  about: 'cross-entropy on float32 probabilities, clipped as Keras does',
  explanation:
    'cross-entropy of the probabilities, the naive choice. Once a model is sure, float32 rounds its probability to exactly 1 and the gradient to exactly 0, and the attack has no direction to follow. That looks like robustness and is none.',
  vanishes: () => true,
  scaleInvariant: false,
  divisor: () => 1,
  minClasses: () => 2,
  at(logits, { label, target }, gradient) {
    const index = target ?? label;
    const sign = target === undefined ? 1 : -1;
    softmax32(logits, 1, gradient);
    const p = gradient[index];
    const clipped = Math.min(Math.max(p, CLIP_LOW), CLIP_HIGH);
    const value = sign * fround(-log(clipped));
    if (p !== clipped) {
      gradient.fill(0);
      return value;
    }
    const upstream = fround(-1 / p);
    const scaled = fround(upstream * p);
    for (let j = 0; j < gradient.length; j++) {
      const own = j === index ? scaled : 0;
      gradient[j] = sign * fround(own - fround(scaled * gradient[j]));
    }
    return value;
  },
} as const satisfies Loss;
