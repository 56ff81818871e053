/** Inner bounds made as tight as optimized slopes make them, for the ReLUs that stay open. */

import { bothSides, openElements, tighten } from '../crown.ts';
import { type Graph, INPUT, intersection, outputBox } from '../graph.ts';
import type { Box } from '../operations/operation.ts';
import { optimizeBounds } from '../optimize.ts';
import { Relaxation } from '../relaxation.ts';

/** Numbers bounded at once. */
const ROWS = 16;
const ITERATIONS = 25;

/**
 * Bounds of every node by optimized linear bounds, layer after layer.
 * @param shouldStop asked between batches; true keeps what there is
 */
export async function tightenBounds(
  graph: Graph,
  boxes: readonly Box[],
  shouldStop: () => boolean,
): Promise<Box[]> {
  const bounds = [...boxes];
  for (const [i, { operation, inputs }] of graph.nodes.entries()) {
    const number = i + 1;
    const byInterval = outputBox(
      operation,
      inputs.map((input) => bounds[input]),
    );
    bounds[number] = intersection(bounds[number], byInterval);
    if (operation.kind !== 'linear' || inputs.every((input) => input === INPUT)) continue;
    const open = openElements(graph, number, bounds[number]);
    const relaxation = new Relaxation(graph, bounds.slice());
    const box = { lower: bounds[number].lower.slice(), upper: bounds[number].upper.slice() };
    for (let start = 0; start < open.length && !shouldStop(); start += ROWS) {
      const some = open.slice(start, start + ROWS);
      const objective = bothSides(number, box, some);
      const { lower } = optimizeBounds(relaxation, objective, { iterations: ITERATIONS });
      tighten(box, some, lower);
      await new Promise(setImmediate);
    }
    bounds[number] = box;
  }
  return bounds;
}
