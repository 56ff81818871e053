import { UserError } from '../errors.ts';
import type { LayerPosition, Shape } from './layers/layer-kind.ts';
import { kindOf, type Layer } from './layers/registry.ts';
import type { Network } from './network.ts';
import type { WeightSpec } from './weights.ts';

/** The name by which layers refer to the image. */
export const IMAGE = 'image';

/** A layer with the names of its inputs made explicit, and its shapes without the batch axis. */
export interface ShapedLayer extends LayerPosition {
  readonly layer: Layer;
  readonly inputs: readonly string[];
}

/**
 * Every layer with its inputs and shapes, in order.
 * @throws UserError `bad-network` when an input is unknown, a shape becomes empty, or the last
 *   layer does not give one logit a class
 */
export function inferShapes(network: Network): readonly ShapedLayer[] {
  const fail = (problem: string): never => {
    throw new UserError(
      'bad-network',
      `the network ${network.architecture} is not possible: ${problem}`,
      {
        hint: `images are ${network.inputShape.join(' x ')}; choose another architecture or larger images`,
      },
    );
  };
  const shapes = new Map<string, Shape>([[IMAGE, network.inputShape]]);
  const shaped: ShapedLayer[] = [];
  let previous = IMAGE;
  for (const layer of network.layers) {
    const kind = kindOf(layer);
    const inputs = layer.inputs ?? [previous];
    const inputShapes = inputs.map(
      (name) => shapes.get(name) ?? fail(`${layer.name} reads ${name}, which comes later or never`),
    );
    if (shapes.has(layer.name)) fail(`two layers are called ${layer.name}`);
    const problem = kind.problem?.(layer);
    if (problem !== undefined) fail(`${layer.name} ${problem}`);
    const outputShape = kind.outputShape(layer, inputShapes);
    if (outputShape.some((size) => !(size >= 1))) {
      fail(`nothing is left of ${inputShapes[0].join(' x ')} after ${layer.name}`);
    }
    shapes.set(layer.name, outputShape);
    shaped.push({ layer, inputs, inputShapes, outputShape });
    previous = layer.name;
  }
  const logits = shapes.get(previous) ?? [];
  if (logits.length !== 1 || logits[0] !== network.classes) {
    fail(`its output is ${logits.join(' x ')}, not ${network.classes} logits`);
  }
  return shaped;
}

/**
 * Visits the layers in order, each with the values of its inputs.
 * @param image the value for the image
 * @param visit returns the value of the layer's output; `next` is the layer after it
 * @returns the value of the last layer's output
 */
export function walkLayers<T>(
  layers: readonly ShapedLayer[],
  image: T,
  visit: (layer: ShapedLayer, inputs: readonly T[], next: ShapedLayer | undefined) => T,
): T {
  const outputs = new Map([[IMAGE, image]]);
  let last = image;
  for (const [i, shaped] of layers.entries()) {
    const inputs = shaped.inputs.map((name) => {
      const found = outputs.get(name);
      if (found === undefined) throw new Error(`${shaped.layer.name} reads ${name} too early`);
      return found;
    });
    last = visit(shaped, inputs, layers[i + 1]);
    outputs.set(shaped.layer.name, last);
  }
  return last;
}

/** The weights of the network in the order in which they are created and stored. */
export function weightSpecs(network: Network): readonly WeightSpec[] {
  return inferShapes(network).flatMap(
    ({ layer, inputShapes }) => kindOf(layer).weights?.(layer, inputShapes[0]) ?? [],
  );
}

/** What a layer is, in a list of a network's layers. */
export interface LayerSummary {
  readonly name: string;
  readonly kind: string;
  readonly inputs: readonly string[];
  /** Without the batch axis. */
  readonly outputShape: Shape;
  readonly parameters: number;
}

export function layerSummaries(network: Network): readonly LayerSummary[] {
  const sizes = weightSpecs(network).map(({ layer, shape }) => ({
    layer,
    size: shape.reduce((a, b) => a * b, 1),
  }));
  return inferShapes(network).map(({ layer: { name, kind }, inputs, outputShape }) => {
    const own = sizes.filter(({ layer }) => layer === name);
    const parameters = own.reduce((sum, { size }) => sum + size, 0);
    return { name, kind, inputs, outputShape, parameters };
  });
}

/** How many numbers training fits. */
export function parameterCount(network: Network): number {
  const sizes = weightSpecs(network).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return sizes.reduce((a, b) => a + b, 0);
}
