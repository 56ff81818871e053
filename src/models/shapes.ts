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

/** The shape of a layer's output, without the batch axis; NaN where the inputs do not fit. */
export function outputShape(
  layer: Layer,
  inputs: readonly (readonly number[])[],
): readonly number[] {
  const [input] = inputs;
  switch (layer.kind) {
    case 'conv2d':
    case 'depthwise-conv2d': {
      const [height, width, channels] = input;
      const dilations = layer.kind === 'conv2d' ? layer.dilations : [1, 1];
      return [
        windowed(height, layer.kernel[0], layer.strides[0], dilations[0], layer.padding, 0),
        windowed(width, layer.kernel[1], layer.strides[1], dilations[1], layer.padding, 1),
        layer.kind === 'conv2d' ? layer.filters : channels * layer.multiplier,
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
    case 'global-max-pool':
    case 'global-average-pool':
      return [input.length === 3 ? input[2] : Number.NaN];
    case 'pad': {
      const [[top, bottom], [left, right]] = layer.padding;
      return [input[0] + top + bottom, input[1] + left + right, input[2]];
    }
    case 'add':
    case 'multiply':
      return inputs.every((shape) => `${shape}` === `${input}`) ? input : [Number.NaN];
    case 'concat': {
      const pixels = input.slice(0, -1);
      const fits = inputs.every((shape) => `${shape.slice(0, -1)}` === `${pixels}`);
      return fits
        ? [...pixels, inputs.reduce((sum, shape) => sum + shape[shape.length - 1], 0)]
        : [Number.NaN];
    }
    case 'dropout':
    case 'affine':
    case 'activation':
    case 'leaky-relu':
      return input;
  }
}

/** What one layer's weights are, given the shape of its input. */
export function layerWeights(layer: Layer, input: readonly number[]): WeightSpec[] {
  const channels = input[input.length - 1];
  const spec = (
    role: WeightSpec['role'],
    shape: readonly number[],
    fanIn: number,
    fanOut: number,
  ): WeightSpec => ({
    name: `${layer.name}/${role}`,
    shape,
    layer: layer.name,
    role,
    fanIn,
    fanOut,
  });
  switch (layer.kind) {
    case 'conv2d':
    case 'depthwise-conv2d':
    case 'dense': {
      const window = layer.kind === 'dense' ? [] : layer.kernel;
      const area = window.reduce((product, size) => product * size, 1);
      const depthwise = layer.kind === 'depthwise-conv2d';
      const perInput = depthwise
        ? layer.multiplier
        : layer.kind === 'dense'
          ? layer.units
          : layer.filters;
      const fanIn = depthwise ? area : area * channels;
      const fanOut = area * perInput;
      const kernel = spec('kernel', [...window, channels, perInput], fanIn, fanOut);
      const units = depthwise ? channels * perInput : perInput;
      return layer.bias ? [kernel, spec('bias', [units], fanIn, fanOut)] : [kernel];
    }
    case 'affine':
      return [spec('scale', [channels], 1, 1), spec('offset', [channels], 1, 1)];
    default:
      return [];
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
    if (layer.kind === 'average-pool' && typeof layer.padding !== 'string') {
      fail(`${layer.name} averages over explicit padding`);
    }
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
  return placeLayers(network).flatMap(({ layer, inputShapes }) =>
    layerWeights(layer, inputShapes[0]),
  );
}

/** How many numbers training fits. */
export function parameterCount(network: Network): number {
  const sizes = weightSpecs(network).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return sizes.reduce((a, b) => a + b, 0);
}
