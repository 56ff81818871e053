import { RandomStream } from '../../src/engine/index.ts';
import { initialWeights, type Network, type Weight } from '../../src/models/index.ts';

const plain = { strides: [1, 1], dilations: [1, 1], bias: true, activation: 'linear' } as const;

/** A small network with a layer of every kind, uneven windows, joins and two heads that meet. */
export const richNetwork: Network = {
  architecture: 'rich',
  inputShape: [12, 11, 2],
  classes: 5,
  layers: [
    { kind: 'affine', name: 'norm' },
    {
      kind: 'conv2d',
      name: 'conv1',
      filters: 4,
      kernel: [3, 5],
      ...plain,
      strides: [2, 1],
      padding: [
        [1, 2],
        [0, 1],
      ],
      activation: 'relu',
    },
    { kind: 'max-pool', name: 'pool1', size: [2, 3], strides: [2, 1], padding: 'same' },
    {
      kind: 'depthwise-conv2d',
      name: 'depthwise1',
      multiplier: 2,
      kernel: [3, 3],
      strides: [1, 1],
      padding: 'same',
      bias: true,
      activation: 'linear',
    },
    { kind: 'leaky-relu', name: 'leaky', slope: 0.2 },
    { kind: 'conv2d', name: 'conv2', filters: 8, kernel: [3, 2], ...plain, padding: 'same' },
    { kind: 'activation', name: 'tanh', activation: 'tanh' },
    { kind: 'add', name: 'add', inputs: ['tanh', 'leaky', 'depthwise1'] },
    {
      kind: 'pad',
      name: 'pad',
      padding: [
        [1, 0],
        [2, 1],
      ],
    },
    { kind: 'average-pool', name: 'pool2', size: [3, 2], strides: [1, 2], padding: 'same' },
    { kind: 'activation', name: 'sigmoid', activation: 'sigmoid' },
    { kind: 'multiply', name: 'multiply', inputs: ['sigmoid', 'pool2'] },
    { kind: 'concat', name: 'concat1', inputs: ['multiply', 'pool2'] },
    { kind: 'activation', name: 'relu6', activation: 'relu6' },
    { kind: 'global-average-pool', name: 'mean' },
    { kind: 'global-max-pool', name: 'max', inputs: ['concat1'] },
    { kind: 'concat', name: 'concat2', inputs: ['mean', 'max'] },
    { kind: 'flatten', name: 'flatten', inputs: ['concat1'] },
    { kind: 'dense', name: 'dense1', units: 7, bias: false, activation: 'linear' },
    { kind: 'concat', name: 'concat3', inputs: ['concat2', 'dense1'] },
    { kind: 'affine', name: 'scaled' },
    { kind: 'activation', name: 'elu', activation: 'elu' },
    { kind: 'activation', name: 'selu', activation: 'selu' },
    { kind: 'activation', name: 'softplus', activation: 'softplus' },
    { kind: 'dropout', name: 'dropout', rate: 0.5 },
    { kind: 'dense', name: 'logits', units: 5, bias: true, activation: 'linear' },
  ],
};

/** Random weights, biases and scales included. */
export function randomWeights(network: Network, seed = 1): Weight[] {
  const stream = new RandomStream(seed, network.architecture);
  return initialWeights(network, 1, stream).map(({ spec, values }) => ({
    spec,
    values: spec.role === 'kernel' ? values : values.map(() => stream.uniform() - 0.3),
  }));
}

/** `[count, ...inputShape]` uniform pixels in [0, 1]. */
export function randomPixels({ inputShape }: Network, count: number, seed = 1): Float32Array {
  const stream = new RandomStream(seed, 'pixels');
  const length = count * inputShape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length }, () => stream.uniform());
}
