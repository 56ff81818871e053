/** What pooling over all pixels has in common, whether mean or maximum. */
import type { OnnxTensor } from '../../export/onnx-graph.ts';
import type { LayerBase, OnnxContext, SavedModelContext, Shape } from '../layer-kind.ts';

/** `[height, width, channels]` to `[channels]`. */
export function globalPoolShape(_: LayerBase, [input]: readonly Shape[]): Shape {
  return [input.length === 3 ? input[2] : Number.NaN];
}

/** Adds a TensorFlow reduction over rows and columns. */
export function savedModelGlobalPool(
  op: 'Max' | 'Mean',
  { name }: LayerBase,
  input: string,
  { graph }: SavedModelContext,
): string {
  const pixels = graph.int32s(`${name}/axes`, [1, 2], [2]);
  return graph.float(op, `${name}/${op}`, [input, pixels], {
    Tidx: graph.attr.type('int32'),
    keep_dims: graph.attr.bool(false),
  });
}

/** Adds an ONNX global pool, flattened to a vector. */
export function onnxGlobalPool(
  op: 'GlobalMaxPool' | 'GlobalAveragePool',
  { name }: LayerBase,
  input: OnnxTensor,
  { graph }: OnnxContext,
): OnnxTensor {
  const pooled = graph.node(op, [graph.channelsFirst(input)], `${name}/pixels`);
  return {
    name: graph.node('Flatten', [pooled], `${name}/output`, { axis: 1 }),
    channels: 'last',
  };
}
