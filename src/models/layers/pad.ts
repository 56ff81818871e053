import * as tf from '@tensorflow/tfjs-core';
import type { ExplicitPadding, LayerBase, LayerKind } from './layer-kind.ts';

/** Zeros around the image. */
export interface PadLayer extends LayerBase {
  readonly kind: 'pad';
  readonly padding: ExplicitPadding;
}

export const pad: LayerKind<PadLayer> = {
  kind: 'pad',
  stem: 'pad',
  fields: ({ explicitPadding }) => ({ padding: explicitPadding }),
  outputShape({ padding: [[top, bottom], [left, right]] }, [[height, width, channels]]) {
    return [height + top + bottom, width + left + right, channels];
  },
  forward: ({ padding: [rows, columns] }, [input]) =>
    tf.pad(input, [[0, 0], [...rows], [...columns], [0, 0]]),
  toSavedModel({ name, padding }, [input], { graph }) {
    const paddings = graph.int32s(`${name}/paddings`, [0, 0, ...padding.flat(), 0, 0], [4, 2]);
    return graph.float('Pad', `${name}/Pad`, [input, paddings], {
      Tpaddings: graph.attr.type('int32'),
    });
  },
  toOnnx({ name, padding: [[top, bottom], [left, right]] }, [input], { graph }) {
    const sizes = graph.integers(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
    const image = graph.channelsFirst(input);
    return { name: graph.node('Pad', [image, sizes], `${name}/output`), channels: 'first' };
  },
  toKeras: ({ padding }) => ({
    className: 'ZeroPadding2D',
    config: { padding, data_format: 'channels_last' },
  }),
};
