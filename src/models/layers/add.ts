import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { onnxJoin, sameShape, savedModelJoin } from './shared/join.ts';

/** The sum of two or more inputs of one shape, element by element. */
export interface AddLayer extends LayerBase {
  readonly kind: 'add';
}

export const add: LayerKind<AddLayer> = {
  kind: 'add',
  stem: 'add',
  fields: () => ({}),
  outputShape: sameShape,
  forward: (_, inputs) => inputs.reduce((left, right) => tf.add(left, right)),
  toSavedModel: (layer, inputs, context) => savedModelJoin('AddV2', layer, inputs, context),
  toOnnx: (layer, inputs, context) => onnxJoin('Add', layer, inputs, context),
  toKeras: () => ({ className: 'Add', config: {}, merges: true }),
};
