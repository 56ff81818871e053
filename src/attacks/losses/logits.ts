/** Cross-entropy computed from the logits. */
import { crossEntropy32, type Loss } from './loss.ts';

export const logits = {
  name: 'logits',
  about: 'cross-entropy from logits',
  explanation:
    'cross-entropy computed from the logits. Better, but float32 still loses signs of the gradient once one logit exceeds the others by about 16, as it does on a distilled model, and all of it past 104.',
  vanishes: () => true,
  scaleInvariant: false,
  divisor: () => 1,
  minClasses: () => 2,
  at: (row, classes, gradient) => crossEntropy32(row, classes, 1, gradient),
} as const satisfies Loss;
