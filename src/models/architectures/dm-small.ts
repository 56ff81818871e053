import type { Architecture } from './architecture.ts';
import { conv, dense, flatten } from './layers.ts';

/**
 * The small network of Gowal et al. 2018 (arXiv 1810.12715, table 1): strides instead of pools, which
 * interval bounds pass more tightly.
 */
export const dmSmall = {
  name: 'dm-small',
  layers: (classes) => [
    { ...conv('conv1', 16), kernel: [4, 4], strides: [2, 2] },
    { ...conv('conv2', 32), kernel: [4, 4] },
    flatten(),
    dense('dense1', 100, 'relu'),
    dense('logits', classes, 'linear'),
  ],
} as const satisfies Architecture;
