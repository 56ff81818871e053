import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { alignedOnnx } from './shared/join.ts';

/** Joins inputs along the channels; their other sizes are the same. */
export interface ConcatLayer extends LayerBase {
  readonly kind: 'concat';
}

export const concat: LayerKind<ConcatLayer> = {
  kind: 'concat',
  stem: 'concat',
  fields: () => ({}),
  outputShape(_, inputs) {
    const pixels = inputs[0].slice(0, -1);
    const fits = inputs.every((shape) => `${shape.slice(0, -1)}` === `${pixels}`);
    return fits
      ? [...pixels, inputs.reduce((sum, shape) => sum + shape[shape.length - 1], 0)]
      : [Number.NaN];
  },
  forward: (_, inputs) => tf.concat([...inputs], -1),
  toSavedModel({ name }, inputs, { graph }) {
    const axis = graph.int32s(`${name}/axis`, [-1], []);
    return graph.node('ConcatV2', `${name}/Concat`, [...inputs, axis], {
      N: graph.attr.int(inputs.length),
      T: graph.attr.type('float'),
      Tidx: graph.attr.type('int32'),
    });
  },
  toOnnx({ name }, inputs, context) {
    const { names, channels } = alignedOnnx(inputs, context);
    return { name: context.graph.node('Concat', names, `${name}/output`, { axis: 1 }), channels };
  },
  toKeras: () => ({ className: 'Concatenate', config: { axis: -1 }, merges: true }),
};
