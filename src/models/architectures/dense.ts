import type { Architecture } from './architecture.ts';
import { flatten, dense as layer } from './layers.ts';

/** Two hidden layers of 128 units: for images too small for convolutions, such as 8 x 8. */
export const dense = {
  name: 'dense',
  layers: (classes) => [
    flatten(),
    layer('dense1', 128, 'relu'),
    layer('dense2', 128, 'relu'),
    layer('logits', classes, 'linear'),
  ],
} as const satisfies Architecture;
