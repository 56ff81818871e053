import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { joinedShape, onnxJoin, savedModelJoin } from './shared/join.ts';

/** The sum of two or more inputs, element by element; axes of size 1 are spread. */
export interface AddLayer extends LayerBase {
  readonly kind: 'add';
}

export const add: LayerKind<AddLayer> = {
  kind: 'add',
  stem: 'add',
  fields: () => ({}),
  outputShape: joinedShape,
  forward: (_, inputs) => inputs.reduce((left, right) => tf.add(left, right)),
  toSavedModel: (layer, inputs, context) => savedModelJoin('AddV2', layer, inputs, context),
  toOnnx: (layer, inputs, context) => onnxJoin('Add', layer, inputs, context),
  toKeras: () => ({ className: 'Add', config: {}, merges: true }),
};
