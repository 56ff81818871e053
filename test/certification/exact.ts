import { type Box, type Graph, imageBox } from '../../src/certification/index.ts';

/**
 * The values of every node at one image, in float64: the middle of an operation's bounds around exact
 * inputs is its exact output.
 */
export function exactValues({ nodes }: Graph, image: Float32Array): Box[] {
  const boxes = [imageBox(image, 0)];
  for (const { operation, inputs } of nodes) {
    const { lower, upper } = operation.interval(inputs.map((input) => boxes[input]));
    const middle = lower.map((low, i) => (low + upper[i]) / 2);
    boxes.push({ lower: middle, upper: middle });
  }
  return boxes;
}
