/** Cross-entropy of logits / T, T being the temperature that the model was trained at. */
import { crossEntropy32, type Loss } from './loss.ts';

export const temperature = {
  name: 'temperature',
  about: 'cross-entropy of logits / T, T being the training temperature',
  explanation:
    'cross-entropy of the logits divided by the temperature T that the model was trained at, which undoes the scale that hides the gradient.',
  // At T = 1 it is the cross-entropy of the logits as they are.
  vanishes: (temperature) => temperature <= 1,
  scaleInvariant: false,
  divisor: (temperature) => temperature,
  minClasses: () => 2,
  at: (row, classes, gradient) => crossEntropy32(row, classes, classes.temperature, gradient),
} as const satisfies Loss;
