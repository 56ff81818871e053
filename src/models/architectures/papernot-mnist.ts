import type { Architecture } from './architecture.ts';
import { conv, dense, dropout, flatten, pool } from './layers.ts';

/** The MNIST network of Papernot et al. 2016 (arXiv 1511.04508). */
export const papernotMnist = {
  name: 'papernot-mnist',
  layers: (classes) => [
    conv('conv1', 32),
    conv('conv2', 32),
    pool('pool1'),
    conv('conv3', 64),
    conv('conv4', 64),
    pool('pool2'),
    flatten(),
    dense('dense1', 200, 'relu'),
    dropout('dropout1', 0.5),
    dense('dense2', 200, 'relu'),
    dropout('dropout2', 0.5),
    dense('logits', classes, 'linear'),
  ],
} as const satisfies Architecture;
