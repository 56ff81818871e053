import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { elements, onnxReshape, savedModelReshape } from './shared/movement.ts';

/** The same numbers, row-major, in another shape (without the batch axis). */
export interface ReshapeLayer extends LayerBase {
  readonly kind: 'reshape';
  readonly shape: readonly number[];
}

export const reshape: LayerKind<ReshapeLayer> = {
  kind: 'reshape',
  stem: 'reshape',
  fields: ({ sizes }) => ({ shape: sizes }),
  outputShape: ({ shape }, [input]) => (elements(shape) === elements(input) ? shape : [Number.NaN]),
  forward: ({ shape }, [input]) => tf.reshape(input, [-1, ...shape]),
  toSavedModel: ({ name }, [input], context) => savedModelReshape(name, input, context),
  toOnnx: ({ name }, [input], context) => onnxReshape(name, input, context),
  toKeras: ({ shape }) => ({ className: 'Reshape', config: { target_shape: shape } }),
};
