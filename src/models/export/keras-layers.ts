/** A network in Keras' terms: what the Keras and the TensorFlow.js export have in common. */
import type { ExplicitPadding, KerasContent, Shape } from '../layers/layer-kind.ts';
import { kindOf } from '../layers/registry.ts';
import type { Network } from '../network.ts';
import { IMAGE, inferShapes } from '../shapes.ts';
import { type Weight, weightLookup } from '../weights.ts';

/** One Keras layer in its network. */
export interface KerasLayer extends KerasContent {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly inputShapes: readonly Shape[];
}

/** The same images come in under this name in every export. */
export const INPUT_NAME = IMAGE;

function padded([height, width, channels]: Shape, [rows, columns]: ExplicitPadding): Shape {
  return [height + rows[0] + rows[1], width + columns[0] + columns[1], channels];
}

/**
 * The network as a list of Keras layers, the input layer not among them.
 * @throws UserError `cannot-export` when a layer has no counterpart
 */
export function kerasLayers(network: Network, weights: readonly Weight[]): KerasLayer[] {
  const weightOf = weightLookup(weights);
  return inferShapes(network).flatMap(({ layer, inputs, ...shapes }): KerasLayer[] => {
    const { name } = layer;
    const { inputShapes } = shapes;
    const content = kindOf(layer).toKeras(layer, (role) => weightOf(name, role), shapes);
    const padding = content.padBefore;
    if (!padding) return [{ ...content, name, inputs, inputShapes }];
    const pad = {
      className: 'ZeroPadding2D',
      name: `${name}_pad`,
      config: { padding, data_format: 'channels_last' },
      inputs,
      inputShapes,
    };
    const paddedShapes = [padded(inputShapes[0], padding)];
    return [pad, { ...content, name, inputs: [pad.name], inputShapes: paddedShapes }];
  });
}
