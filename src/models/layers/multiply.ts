import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { onnxJoin, sameShape, savedModelJoin } from './shared/join.ts';

/** The product of two or more inputs of one shape, element by element. */
export interface MultiplyLayer extends LayerBase {
  readonly kind: 'multiply';
}

export const multiply: LayerKind<MultiplyLayer> = {
  kind: 'multiply',
  stem: 'multiply',
  fields: () => ({}),
  outputShape: sameShape,
  forward: (_, inputs) => inputs.reduce((left, right) => tf.mul(left, right)),
  toSavedModel: (layer, inputs, context) => savedModelJoin('Mul', layer, inputs, context),
  toOnnx: (layer, inputs, context) => onnxJoin('Mul', layer, inputs, context),
  toKeras: () => ({ className: 'Multiply', config: {}, merges: true }),
};
