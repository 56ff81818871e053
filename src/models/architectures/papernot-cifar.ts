import type { Architecture } from './architecture.ts';
import { conv, dense, dropout, flatten, pool } from './layers.ts';

/** The CIFAR-10 network of Papernot et al. 2016 (arXiv 1511.04508). */
export const papernotCifar = {
  name: 'papernot-cifar',
  layers: (classes) => [
    conv('conv1', 64),
    conv('conv2', 64),
    pool('pool1'),
    conv('conv3', 128),
    conv('conv4', 128),
    pool('pool2'),
    flatten(),
    dense('dense1', 256, 'relu'),
    dropout('dropout1', 0.5),
    dense('dense2', 256, 'relu'),
    dropout('dropout2', 0.5),
    dense('logits', classes, 'linear'),
  ],
} as const satisfies Architecture;
