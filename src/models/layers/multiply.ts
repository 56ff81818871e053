import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { joinedShape, onnxJoin, savedModelJoin } from './shared/join.ts';

/** The product of two or more inputs, element by element; axes of size 1 are spread. */
export interface MultiplyLayer extends LayerBase {
  readonly kind: 'multiply';
}

export const multiply: LayerKind<MultiplyLayer> = {
  kind: 'multiply',
  stem: 'multiply',
  fields: () => ({}),
  outputShape: joinedShape,
  forward: (_, inputs) => inputs.reduce((left, right) => tf.mul(left, right)),
  toSavedModel: (layer, inputs, context) => savedModelJoin('Mul', layer, inputs, context),
  toOnnx: (layer, inputs, context) => onnxJoin('Mul', layer, inputs, context),
  toKeras: () => ({ className: 'Multiply', config: {}, merges: true }),
};
