import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../../engine/index.ts';
import type { LayerBase, LayerKind } from './layer-kind.ts';

/** Inverted dropout; the identity outside training. */
export interface DropoutLayer extends LayerBase {
  readonly kind: 'dropout';
  /** Share of inputs set to zero, in [0, 1). */
  readonly rate: number;
}

/** The factors of `size` inputs: 0, or 1 / (1 - rate), so that nothing needs doing at inference. */
export function dropoutMask(size: number, rate: number, stream: RandomStream): Float32Array {
  const mask = new Float32Array(size);
  const kept = 1 / (1 - rate);
  // One random byte decides a unit: a quarter of the random words, at a rate exact to 1/256.
  const threshold = Math.round(rate * 256);
  const words = stream.words(Math.ceil(size / 4));
  for (let i = 0, word = 0; i < size; i++, word >>>= 8) {
    if (i % 4 === 0) word = words[i / 4];
    mask[i] = (word & 0xff) < threshold ? 0 : kept;
  }
  return mask;
}

export const dropout: LayerKind<DropoutLayer> = {
  kind: 'dropout',
  stem: 'dropout',
  fields: ({ share }) => ({ rate: share }),
  outputShape: (_, [input]) => input,
  forward: (layer, [input], { mask }) => (mask ? tf.mul(input, mask(layer, input.shape)) : input),
  toSavedModel: (_, [input]) => input,
  toOnnx: (_, [input]) => input,
  toKeras: ({ rate }) => ({ className: 'Dropout', config: { rate } }),
};
