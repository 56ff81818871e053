/** What the two kinds of pooling have in common. */
import type { OnnxTensor } from '../../export/onnx-graph.ts';
import type {
  KerasContent,
  LayerBase,
  OnnxContext,
  Padding,
  SavedModelContext,
  Shape,
} from '../layer-kind.ts';
import { cannotExport } from './cannot-export.ts';
import { elements } from './movement.ts';
import { nhwcSizes, onnxPads, paddingAttributes, windowedSizes } from './window.ts';

export interface PoolBase extends LayerBase {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

export function poolShape(layer: PoolBase, [input]: readonly Shape[]): Shape {
  return [...windowedSizes(input, layer), input[2]];
}

/** One comparison or addition for each number that a window covers. */
export function poolWork({ size }: PoolBase, _: readonly Shape[], output: Shape): number {
  return elements(output) * size[0] * size[1];
}

/** The attributes of a pool's TensorFlow node. */
export function poolAttributes({ size, strides, padding }: PoolBase, { graph }: SavedModelContext) {
  return {
    ksize: nhwcSizes(graph, size),
    strides: nhwcSizes(graph, strides),
    ...paddingAttributes(graph, padding),
  };
}

/** Adds an ONNX `MaxPool` or `AveragePool`. */
export function onnxPool(
  opType: string,
  layer: PoolBase,
  input: OnnxTensor,
  { graph, inputShapes }: OnnxContext,
): OnnxTensor {
  const name = graph.node(opType, [graph.channelsFirst(input)], `${layer.name}/output`, {
    kernel_shape: layer.size,
    strides: layer.strides,
    pads: onnxPads(inputShapes[0], layer),
  });
  return { name, channels: 'first' };
}

/** @throws UserError `cannot-export` when the padding is explicit */
export function kerasPool(className: string, layer: PoolBase): KerasContent {
  const { size, strides, padding } = layer;
  if (typeof padding !== 'string') {
    throw cannotExport(layer, 'Keras', 'a pool with explicit padding');
  }
  const config = { pool_size: size, strides, padding, data_format: 'channels_last' };
  return { className, config };
}
