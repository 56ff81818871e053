/** Inner bounds made as tight as optimized slopes make them, for the ReLUs that stay open. */

import { openElements } from '../crown.ts';
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
    const size = box.lower.length;
    for (let start = 0; start < open.length && !shouldStop(); start += ROWS) {
      const some = open.slice(start, start + ROWS);
      const coefficients = new Float64Array(2 * some.length * size);
      some.forEach((element, k) => {
        coefficients[2 * k * size + element] = 1;
        coefficients[(2 * k + 1) * size + element] = -1;
      });
      const objective = { node: number, rows: 2 * some.length, coefficients };
      const { lower } = optimizeBounds(relaxation, objective, { iterations: ITERATIONS });
      some.forEach((element, k) => {
        box.lower[element] = Math.max(box.lower[element], lower[2 * k]);
        box.upper[element] = Math.min(box.upper[element], -lower[2 * k + 1]);
      });
      await new Promise(setImmediate);
    }
    bounds[number] = box;
  }
  return bounds;
}
