import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';

/** `max(x, slope * x)`. */
export interface LeakyReluLayer extends LayerBase {
  readonly kind: 'leaky-relu';
  readonly slope: number;
}

export const leakyRelu: LayerKind<LeakyReluLayer> = {
  kind: 'leaky-relu',
  stem: 'activation',
  fields: ({ number }) => ({ slope: number }),
  outputShape: (_, [input]) => input,
  forward: (layer, [input]) => tf.leakyRelu(input, layer.slope),
  toSavedModel: ({ name, slope }, inputs, { graph }) =>
    graph.float('LeakyRelu', `${name}/LeakyRelu`, inputs, { alpha: graph.attr.float(slope) }),
  toOnnx({ name, slope }, [input], { graph }) {
    const output = graph.node('LeakyRelu', [input.name], `${name}/output`, {
      alpha: { float: slope },
    });
    return { ...input, name: output };
  },
  toKeras: ({ slope }) => ({
    className: 'LeakyReLU',
    config: { negative_slope: slope, alpha: slope },
  }),
};
