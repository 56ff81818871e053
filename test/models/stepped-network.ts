import { type Network, type Weight, weightSpecs } from '../../src/models/index.ts';

/** Levels that a pixel is rounded to, on a scale from 0 to 1. */
export const STEPS = 4;

/** Rounds pixels of 2 x 2 images, then sums those of each row: a defense without a gradient. */
export const steppedNetwork = (
  activation: 'round' | 'floor' | 'ceil' | 'sign' = 'round',
): Network => ({
  architecture: 'stepped',
  inputShape: [2, 2, 1],
  classes: 2,
  layers: [
    { kind: 'affine', name: 'scaled' },
    { kind: 'activation', name: 'stepped', activation },
    { kind: 'affine', name: 'back' },
    { kind: 'flatten', name: 'flat' },
    { kind: 'dense', name: 'logits', units: 2, bias: false, activation: 'linear' },
  ],
});

/** Its weights: pixels times `STEPS`, and back. */
export const steppedWeights = (network: Network): Weight[] =>
  weightSpecs(network).map((spec) => {
    const values: Record<string, number[]> = {
      'scaled/scale': [STEPS],
      'back/scale': [1 / STEPS],
      'logits/kernel': [10, 0, 10, 0, 0, 10, 0, 10],
    };
    const length = spec.shape.reduce((a, b) => a * b, 1);
    return { spec, values: Float32Array.from(values[spec.name] ?? new Array(length).fill(0)) };
  });
