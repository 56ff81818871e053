import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';

/** Softmax along the last axis, as attention has it. A classifier's own softmax is no layer. */
export interface SoftmaxLayer extends LayerBase {
  readonly kind: 'softmax';
}

export const softmax: LayerKind<SoftmaxLayer> = {
  kind: 'softmax',
  stem: 'softmax',
  fields: () => ({}),
  outputShape: (_, [input]) => input,
  forward: (_, [input]) => tf.softmax(input, -1),
  toSavedModel: ({ name }, inputs, { graph }) => graph.float('Softmax', `${name}/Softmax`, inputs),
  toOnnx({ name }, [input], { graph }) {
    const inputs = [graph.channelsLast(input)];
    const output = graph.node('Softmax', inputs, `${name}/output`, { axis: -1 });
    return { name: output, channels: 'last' };
  },
  toKeras: () => ({ className: 'Softmax', config: { axis: -1 } }),
};
