import type { Architecture } from './architecture.ts';
import { conv, dense, dropout, flatten, pool } from './layers.ts';

/** conv32-pool-conv64-pool-fc128-fc10: 225,034 parameters on MNIST. */
export const cnn = {
  name: 'cnn',
  layers: (classes) => [
    conv('conv1', 32),
    pool('pool1'),
    conv('conv2', 64),
    pool('pool2'),
    flatten(),
    dense('dense1', 128, 'relu'),
    dropout('dropout1', 0.5),
    dense('logits', classes, 'linear'),
  ],
} as const satisfies Architecture;
