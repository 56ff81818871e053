import { UserError } from '../errors.ts';
import type { Layer, Network, Padding, WeightSpec } from './network.ts';

/** The name by which layers refer to the image. */
export const IMAGE = 'image';

/** A layer with the names of its inputs made explicit, and its shapes without the batch axis. */
export interface PlacedLayer {
  readonly layer: Layer;
  readonly inputs: readonly string[];
  readonly inputShapes: readonly (readonly number[])[];
  readonly outputShape: readonly number[];
}

function windowed(
  size: number,
  window: number,
  stride: number,
  dilation: number,
  pad: Padding,
  axis: 0 | 1,
): number {
  const reach = (window - 1) * dilation + 1;
  if (pad === 'same') return Math.ceil(size / stride);
  const extra = pad === 'valid' ? 0 : pad[axis][0] + pad[axis][1];
  return Math.floor((size + extra - reach) / stride) + 1;
}

function outputShape(layer: Layer, [input]: readonly (readonly number[])[]): readonly number[] {
  switch (layer.kind) {
    case 'conv2d': {
      const [height, width] = input;
      return [
        windowed(height, layer.kernel[0], layer.strides[0], layer.dilations[0], layer.padding, 0),
        windowed(width, layer.kernel[1], layer.strides[1], layer.dilations[1], layer.padding, 1),
        layer.filters,
      ];
    }
    case 'max-pool':
    case 'average-pool': {
      const [height, width, channels] = input;
      return [
        windowed(height, layer.size[0], layer.strides[0], 1, layer.padding, 0),
        windowed(width, layer.size[1], layer.strides[1], 1, layer.padding, 1),
        channels,
      ];
    }
    case 'flatten':
      return [input.reduce((product, size) => product * size, 1)];
    case 'dense':
      return [layer.units];
    case 'dropout':
      return input;
  }
}

/**
 * Every layer with its inputs and shapes, in order.
 * @throws UserError `bad-network` when an input is unknown, a shape becomes empty, or the last
 *   layer does not give one logit a class
 */
export function placeLayers(network: Network): readonly PlacedLayer[] {
  const fail = (problem: string): never => {
    throw new UserError(
      'bad-network',
      `the network ${network.architecture} is not possible: ${problem}`,
      {
        hint: `images are ${network.inputShape.join(' x ')}; choose another architecture or larger images`,
      },
    );
  };
  const shapes = new Map<string, readonly number[]>([[IMAGE, network.inputShape]]);
  const placed: PlacedLayer[] = [];
  let previous = IMAGE;
  for (const layer of network.layers) {
    const inputs = layer.inputs ?? [previous];
    const inputShapes = inputs.map(
      (name) => shapes.get(name) ?? fail(`${layer.name} reads ${name}, which comes later or never`),
    );
    if (shapes.has(layer.name)) fail(`two layers are called ${layer.name}`);
    const shape = outputShape(layer, inputShapes);
    if (shape.some((size) => !(size >= 1))) {
      fail(`nothing is left of ${inputShapes[0].join(' x ')} after ${layer.name}`);
    }
    shapes.set(layer.name, shape);
    placed.push({ layer, inputs, inputShapes, outputShape: shape });
    previous = layer.name;
  }
  const logits = shapes.get(previous) ?? [];
  if (logits.length !== 1 || logits[0] !== network.classes) {
    fail(`its output is ${logits.join(' x ')}, not ${network.classes} logits`);
  }
  return placed;
}

/** The weights of the network in the order in which they are created and stored. */
export function weightSpecs(network: Network): readonly WeightSpec[] {
  return placeLayers(network).flatMap(({ layer, inputShapes: [input] }): WeightSpec[] => {
    if (layer.kind !== 'conv2d' && layer.kind !== 'dense') return [];
    const window = layer.kind === 'conv2d' ? layer.kernel : [];
    const channels = input[input.length - 1];
    const units = layer.kind === 'conv2d' ? layer.filters : layer.units;
    const area = window.reduce((product, size) => product * size, 1);
    const fans = { layer: layer.name, fanIn: area * channels, fanOut: area * units };
    const kernel: WeightSpec = {
      name: `${layer.name}/kernel`,
      shape: [...window, channels, units],
      role: 'kernel',
      ...fans,
    };
    const bias: WeightSpec = { name: `${layer.name}/bias`, shape: [units], role: 'bias', ...fans };
    return layer.bias ? [kernel, bias] : [kernel];
  });
}

/** How many numbers training fits. */
export function parameterCount(network: Network): number {
  const sizes = weightSpecs(network).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return sizes.reduce((a, b) => a + b, 0);
}
