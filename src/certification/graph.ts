import { type Box, emptyBox, type Operation } from './operations/operation.ts';
import { UNIT } from './rounding.ts';

/** The number by which nodes refer to the image. */
export const INPUT = 0;

/** One operation, and the nodes that it reads. */
export interface Node {
  readonly operation: Operation;
  /** Numbers of nodes before this one. */
  readonly inputs: readonly number[];
}

/**
 * A network as bounds see it: operations on flat arrays, in order. Node 0 is the image, node `i + 1`
 * is `nodes[i]`; the last one is the logits.
 */
export interface Graph {
  /** `[height, width, channels]` */
  readonly inputShape: readonly [number, number, number];
  /** Numbers in the image. */
  readonly inputSize: number;
  readonly nodes: readonly Node[];
}

/**
 * Beyond this, float32 may have overflowed on the way: a sum whose terms add up to its largest number
 * has a rounding error above this, which is part of every bound.
 */
const LARGEST = UNIT * 3.4028234663852886e38;

/** Bounds of what float32 may not hold, or that are not a number, become no bounds. */
function withinFloat32({ lower, upper }: Box): Box {
  for (let i = 0; i < lower.length; i++) {
    if (!(lower[i] >= -LARGEST) || !(upper[i] <= LARGEST)) {
      lower[i] = Number.NEGATIVE_INFINITY;
      upper[i] = Number.POSITIVE_INFINITY;
    }
  }
  return { lower, upper };
}

/** Interval bounds of an operation's output; infinite where there are none. */
export function outputBox(operation: Operation, inputs: readonly Box[]): Box {
  return withinFloat32(operation.interval(inputs));
}

/**
 * Interval bounds of every node, the image's first (Gowal et al. 2018, arXiv 1810.12715).
 * @param known bounds from elsewhere that are tighter for some elements, by node
 */
export function intervalBounds(
  graph: Graph,
  image: Box,
  known?: readonly (Box | undefined)[],
): Box[] {
  const boxes: Box[] = [image];
  graph.nodes.forEach(({ operation, inputs }, i) => {
    const box = outputBox(
      operation,
      inputs.map((input) => boxes[input]),
    );
    const other = known?.[i + 1];
    boxes.push(other ? intersection(box, other) : box);
  });
  return boxes;
}

/** What lies in both boxes. */
export function intersection(a: Box, b: Box): Box {
  const box = emptyBox(a.lower.length);
  for (let i = 0; i < box.lower.length; i++) {
    box.lower[i] = Math.max(a.lower[i], b.lower[i]);
    box.upper[i] = Math.min(a.upper[i], b.upper[i]);
  }
  return box;
}
