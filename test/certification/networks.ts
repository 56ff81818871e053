/** Small networks that have bounds, and boxes of images. */
import { RandomStream } from '../../src/engine/index.ts';
import {
  buildNetwork,
  initialWeights,
  type Layer,
  type Network,
  type Weight,
} from '../../src/models/index.ts';
import { richNetwork } from '../models/rich-network.ts';

const plain = { strides: [1, 1], dilations: [1, 1], bias: true, activation: 'relu' } as const;

const conv = (name: string, filters: number, kernel: [number, number] = [3, 3]) =>
  ({ kind: 'conv2d', name, filters, kernel, ...plain, padding: 'same' }) as const;

const dense = (name: string, units: number, activation: 'relu' | 'linear' = 'linear') =>
  ({ kind: 'dense', name, units, bias: true, activation }) as const;

const network = (
  architecture: string,
  layers: readonly Layer[],
  inputShape: Network['inputShape'] = [8, 7, 1],
): Network => ({
  architecture,
  inputShape,
  classes: 4,
  layers,
});

/** The network with a layer of every kind that Keras knows, without the kind that has no bound. */
const rich: Network = {
  ...richNetwork,
  layers: richNetwork.layers
    .filter(({ kind }) => kind !== 'multiply')
    .map((layer) =>
      layer.name === 'concat1' ? { ...layer, inputs: ['sigmoid', 'pool2'] } : layer,
    ),
};

/**
 * A block of convolution, ReLU and pool that the engines compute by Winograd's algorithm, in tiles of 5
 * columns.
 */
export const winograd = network(
  'winograd',
  [
    conv('conv1', 16, [2, 2]),
    conv('conv2', 16),
    { kind: 'max-pool', name: 'pool', size: [2, 2], strides: [2, 2], padding: 'valid' },
    { kind: 'flatten', name: 'flatten' },
    dense('logits', 4),
  ],
  [6, 12, 1],
);

const residual = network('residual', [
  conv('conv1', 6),
  { ...conv('conv2', 6), activation: 'linear' },
  { kind: 'add', name: 'add', inputs: ['conv1', 'conv2'] },
  { kind: 'prelu', name: 'prelu' },
  { kind: 'transpose', name: 'transpose', order: [1, 0, 2] },
  { kind: 'slice', name: 'slice', axis: 0, start: 1, size: 5 },
  { kind: 'reduce', name: 'mean', reduction: 'mean' },
  { kind: 'reduce', name: 'max', reduction: 'max', inputs: ['slice'] },
  { kind: 'concat', name: 'concat', inputs: ['mean', 'max'] },
  { kind: 'reshape', name: 'reshape', shape: [80] },
  dense('logits', 4),
]);

const curves = network('curves', [
  { kind: 'flatten', name: 'flatten' },
  dense('dense1', 12),
  { kind: 'activation', name: 'erf', activation: 'erf' },
  dense('dense2', 12),
  { kind: 'activation', name: 'exp', activation: 'exp' },
  dense('dense3', 12, 'relu'),
  { kind: 'activation', name: 'tanh', activation: 'tanh' },
  dense('logits', 4),
]);

const mlp = network('mlp', [
  { kind: 'flatten', name: 'flatten' },
  dense('dense1', 20, 'relu'),
  dense('dense2', 20, 'relu'),
  dense('logits', 4),
]);

export const NETWORKS: readonly Network[] = [
  rich,
  winograd,
  residual,
  curves,
  mlp,
  { ...buildNetwork('cnn', [14, 14, 1], 10), architecture: 'cnn' },
];

/** Random weights of a trained network's size, biases and scales included. */
export function weightsOf(network: Network, seed: number): Weight[] {
  const stream = new RandomStream(seed, `certify/${network.architecture}`);
  return initialWeights(network, 1, stream).map(({ spec, values }) => ({
    spec,
    values: spec.role === 'kernel' ? values : values.map(() => stream.uniform() - 0.3),
  }));
}

export function imageOf({ inputShape }: Network, seed: number): Float32Array {
  const stream = new RandomStream(seed, 'image');
  const length = inputShape.reduce((a, b) => a * b, 1);
  // Black and white pixels too, as digits have them.
  return Float32Array.from({ length }, () =>
    Math.min(1, Math.max(0, 1.6 * stream.uniform() - 0.3)),
  );
}
