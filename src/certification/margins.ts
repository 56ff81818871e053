/** Lower bounds of how far a class' logit stays above the others: above 0, the class is certain. */
import type { Graph } from './graph.ts';
import { lowerBounds, type Objective, type Parameters } from './linear-bounds.ts';
import type { Box } from './operations/operation.ts';
import { Relaxation } from './relaxation.ts';

/**
 * The differences between a class' logit and each other one, `[classes - 1, classes]`.
 * @param until as in `Objective`
 */
export function marginObjective(
  graph: Graph,
  classes: number,
  label: number,
  until?: number,
): Objective {
  const coefficients = new Float64Array((classes - 1) * classes);
  for (let c = 0, row = 0; c < classes; c++) {
    if (c === label) continue;
    coefficients[row * classes + label] = 1;
    coefficients[row * classes + c] = -1;
    row++;
  }
  return {
    node: graph.nodes.length,
    rows: classes - 1,
    coefficients,
    ...(until !== undefined && { until }),
  };
}

/** The least of some numbers; NaN counts as no bound. */
export function least(values: Float64Array): number {
  const smallest = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return Number.isNaN(smallest) ? Number.NEGATIVE_INFINITY : smallest;
}

/**
 * The margin by interval bounds; through the last operation the difference itself is bounded, which
 * is tighter than the difference of two bounds.
 * @returns the lower bound of the smallest difference
 */
export function intervalMargin(
  graph: Graph,
  boxes: readonly Box[],
  classes: number,
  label: number,
): number {
  const until = Math.max(...(graph.nodes.at(-1)?.inputs ?? []));
  const objective = marginObjective(graph, classes, label, until);
  return least(lowerBounds(new Relaxation(graph, boxes), objective).lower);
}

/** The margin by backward linear bounds; of several choices of slopes, each difference takes its best. */
export function linearMargin(
  relaxation: Relaxation,
  classes: number,
  label: number,
  choices: readonly Parameters[],
): number {
  const objective = marginObjective(relaxation.graph, classes, label);
  const best = new Float64Array(objective.rows).fill(Number.NEGATIVE_INFINITY);
  for (const parameters of choices) {
    const { lower } = lowerBounds(relaxation, objective, parameters);
    for (let row = 0; row < best.length; row++) best[row] = Math.max(best[row], lower[row]);
  }
  return least(best);
}

/** All lower lines of ReLUs with the least slope they may have, or the greatest, `[rows, size]`. */
export function extremeSlopes(relaxation: Relaxation, rows: number, end: 0 | 1): Parameters {
  const slopes = new Map<number, Float64Array>();
  relaxation.graph.nodes.forEach(({ operation, inputs }, i) => {
    if (operation.kind !== 'elementwise' || !operation.bends) return;
    const node = relaxation.node(i + 1);
    if (node.kind !== 'elementwise') return;
    const { lower, upper } = relaxation.boxes[inputs[0]];
    const row = node.lines.lowerSlope.map((slope, k) => {
      const range = operation.slopeRange(k);
      const isFree = lower[k] < 0 && upper[k] > 0 && range[0] <= range[1];
      return isFree ? range[end] : slope;
    });
    const all = new Float64Array(rows * row.length);
    for (let r = 0; r < rows; r++) all.set(row, r * row.length);
    slopes.set(i + 1, all);
  });
  return { slopes };
}
