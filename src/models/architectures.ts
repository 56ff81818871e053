import type { ArchitectureName } from './architecture-names.ts';
import type { Activation, Conv2dLayer, DenseLayer, Layer, Network, PoolLayer } from './network.ts';

function conv(name: string, filters: number): Conv2dLayer {
  return {
    kind: 'conv2d',
    name,
    filters,
    kernel: [3, 3],
    strides: [1, 1],
    padding: 'valid',
    dilations: [1, 1],
    bias: true,
    activation: 'relu',
  };
}

function pool(name: string): PoolLayer {
  return { kind: 'max-pool', name, size: [2, 2], strides: [2, 2], padding: 'valid' };
}

function dense(name: string, units: number, activation: Activation): DenseLayer {
  return { kind: 'dense', name, units, bias: true, activation };
}

function dropout(name: string, rate: number): Layer {
  return { kind: 'dropout', name, rate };
}

type Build = (classes: number) => readonly Layer[];

/**
 * The architectures that can be trained, by name. All take images of any size that survives
 * their pools, and end in logits.
 */
const ARCHITECTURES: Record<ArchitectureName, Build> = {
  /** conv32-pool-conv64-pool-fc128-fc10: 225,034 parameters on MNIST. */
  cnn: (classes) => [
    conv('conv1', 32),
    pool('pool1'),
    conv('conv2', 64),
    pool('pool2'),
    { kind: 'flatten', name: 'flatten' },
    dense('dense1', 128, 'relu'),
    dropout('dropout1', 0.5),
    dense('logits', classes, 'linear'),
  ],
  /** The MNIST network of Papernot et al. 2016 (arXiv 1511.04508). */
  'papernot-mnist': (classes) => [
    conv('conv1', 32),
    conv('conv2', 32),
    pool('pool1'),
    conv('conv3', 64),
    conv('conv4', 64),
    pool('pool2'),
    { kind: 'flatten', name: 'flatten' },
    dense('dense1', 200, 'relu'),
    dropout('dropout1', 0.5),
    dense('dense2', 200, 'relu'),
    dropout('dropout2', 0.5),
    dense('logits', classes, 'linear'),
  ],
};

/** The named network for images of this shape. */
export function buildNetwork(
  architecture: ArchitectureName,
  inputShape: readonly [number, number, number],
  classes: number,
): Network {
  return { architecture, inputShape, classes, layers: ARCHITECTURES[architecture](classes) };
}
