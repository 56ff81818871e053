/** Layers as the architectures use them. */
import type { Conv2dLayer } from '../layers/conv2d.ts';
import type { DenseLayer } from '../layers/dense.ts';
import type { DropoutLayer } from '../layers/dropout.ts';
import type { FlattenLayer } from '../layers/flatten.ts';
import type { Activation } from '../layers/layer-kind.ts';
import type { MaxPoolLayer } from '../layers/max-pool.ts';

/** A 3 x 3 convolution with ReLU, without padding. */
export function conv(name: string, filters: number): Conv2dLayer {
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

/** The maximum over 2 x 2 pixels. */
export function pool(name: string): MaxPoolLayer {
  return { kind: 'max-pool', name, size: [2, 2], strides: [2, 2], padding: 'valid' };
}

export function flatten(): FlattenLayer {
  return { kind: 'flatten', name: 'flatten' };
}

export function dense(name: string, units: number, activation: Activation): DenseLayer {
  return { kind: 'dense', name, units, bias: true, activation };
}

/** @param rate share of inputs set to zero in training, in [0, 1) */
export function dropout(name: string, rate: number): DropoutLayer {
  return { kind: 'dropout', name, rate };
}
