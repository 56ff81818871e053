/** What layers that join several inputs have in common. */
import type { OnnxTensor } from '../../export/onnx-graph.ts';
import type { LayerBase, OnnxContext, SavedModelContext, Shape } from '../layer-kind.ts';

/**
 * The shape of inputs with as many axes each, where an axis of size 1 is spread to the others'; NaN
 * where they do not fit.
 */
export function joinedShape(_: LayerBase, inputs: readonly Shape[]): Shape {
  const [{ length }] = inputs;
  if (inputs.some((shape) => shape.length !== length)) return [Number.NaN];
  const largest = inputs[0].map((_, axis) => Math.max(...inputs.map((shape) => shape[axis])));
  return largest.map((size, axis) =>
    inputs.every((shape) => shape[axis] === size || shape[axis] === 1) ? size : Number.NaN,
  );
}

/** Adds a chain of TensorFlow nodes that take two inputs each. */
export function savedModelJoin(
  op: 'AddV2' | 'Mul',
  { name }: LayerBase,
  [first, ...others]: readonly string[],
  { graph }: SavedModelContext,
): string {
  return others.reduce(
    (left, right, i) => graph.float(op, `${name}/${op}_${i}`, [left, right]),
    first,
  );
}

/** Inputs of one layout: images channels first, vectors as they are. */
export function alignedOnnx(
  inputs: readonly OnnxTensor[],
  { graph, outputShape }: OnnxContext,
): { names: readonly string[]; channels: OnnxTensor['channels'] } {
  return outputShape.length === 3
    ? { names: inputs.map((input) => graph.channelsFirst(input)), channels: 'first' }
    : { names: inputs.map(({ name }) => name), channels: 'last' };
}

/** Adds a chain of ONNX nodes that take two inputs each. */
export function onnxJoin(
  op: 'Add' | 'Mul',
  { name }: LayerBase,
  inputs: readonly OnnxTensor[],
  context: OnnxContext,
): OnnxTensor {
  const { names, channels } = alignedOnnx(inputs, context);
  const [first, ...others] = names;
  const output = others.reduce((left, right, i) => {
    const last = i === others.length - 1;
    return context.graph.node(op, [left, right], last ? `${name}/output` : `${name}/partial_${i}`);
  }, first);
  return { name: output, channels };
}
