import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { cannotExport } from './shared/cannot-export.ts';

/** `size` positions of one axis (the batch not counted), from `start`. */
export interface SliceLayer extends LayerBase {
  readonly kind: 'slice';
  readonly axis: number;
  readonly start: number;
  readonly size: number;
}

/** Where the slice begins and how large it is, on every axis but the batch. */
function extent({ axis, start, size }: SliceLayer, input: readonly number[]) {
  return {
    begin: input.map((_, i) => (i === axis ? start : 0)),
    sizes: input.map((whole, i) => (i === axis ? size : whole)),
  };
}

export const slice: LayerKind<SliceLayer> = {
  kind: 'slice',
  stem: 'slice',
  fields: ({ axis, size }) => ({ axis, start: axis, size }),
  outputShape: (layer, [input]) =>
    layer.start + layer.size <= input[layer.axis] ? extent(layer, input).sizes : [Number.NaN],
  forward(layer, [input]) {
    const { begin, sizes } = extent(layer, input.shape.slice(1));
    return tf.slice(input, [0, ...begin], [-1, ...sizes]);
  },
  toSavedModel(layer, [input], { graph, inputShapes }) {
    const { name } = layer;
    const { begin, sizes } = extent(layer, inputShapes[0]);
    const vector = (what: string, values: readonly number[]) =>
      graph.int32s(`${name}/${what}`, values, [values.length]);
    const inputs = [input, vector('begin', [0, ...begin]), vector('size', [-1, ...sizes])];
    return graph.float('Slice', `${name}/Slice`, inputs, { Index: graph.attr.type('int32') });
  },
  toOnnx({ name, axis, start, size }, [input], { graph }) {
    const vector = (what: string, value: number) => graph.integers(`${name}/${what}`, [value]);
    const ends = [vector('start', start), vector('end', start + size), vector('axis', axis + 1)];
    const inputs = [graph.channelsLast(input), ...ends];
    return { name: graph.node('Slice', inputs, `${name}/output`), channels: 'last' };
  },
  toKeras(layer) {
    throw cannotExport(layer, 'Keras', 'a part of an axis');
  },
};
