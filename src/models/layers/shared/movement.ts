/** What layers that move numbers, or give them another shape, have in common. */
import type { OnnxTensor } from '../../export/onnx-graph.ts';
import type { OnnxContext, SavedModelContext, Shape } from '../layer-kind.ts';

/** How many numbers a shape holds. */
export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Adds a TensorFlow `Reshape` to the layer's output shape. */
export function savedModelReshape(
  name: string,
  input: string,
  { graph, outputShape }: SavedModelContext,
): string {
  const shape = graph.int32s(`${name}/shape`, [-1, ...outputShape], [1 + outputShape.length]);
  return graph.float('Reshape', `${name}/Reshape`, [input, shape], {
    Tshape: graph.attr.type('int32'),
  });
}

/** Adds an ONNX `Reshape` of the input, channels last, to the layer's output shape. */
export function onnxReshape(
  name: string,
  input: OnnxTensor,
  { graph, outputShape }: OnnxContext,
): OnnxTensor {
  const shape = graph.integers(`${name}/shape`, [-1, ...outputShape]);
  const output = graph.node('Reshape', [graph.channelsLast(input), shape], `${name}/output`);
  return { name: output, channels: 'last' };
}
