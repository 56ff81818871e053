/**
 * Backward linear bounds: CROWN (Zhang et al. 2018, arXiv 1811.00866; for general graphs Xu et al.
 * 2020, arXiv 2002.12920), with the slopes of ReLUs and multipliers of split ReLUs as parameters (Xu
 * et al. 2021, alpha-CROWN, arXiv 2011.13824; Wang et al. 2021, beta-CROWN, arXiv 2103.06624). Any
 * slope in its range and any multiplier from 0 up gives a valid bound.
 */
import { INPUT } from './graph.ts';
import type { Lines } from './operations/operation.ts';
import type { Relaxation } from './relaxation.ts';
import { gamma64 } from './rounding.ts';

/** Linear functions of a node's output that are bounded from below: `[rows, size]` coefficients. */
export interface Objective {
  readonly node: number;
  /** Where the pass ends: what arrives at this node, or before it, meets its box. Default: the image. */
  readonly until?: number;
  readonly rows: number;
  readonly coefficients: Float64Array;
  /** Added to every row; default 0. */
  readonly constant?: number;
}

/** What may be chosen; by node, `[rows, size]` each. */
export interface Parameters {
  /** Slopes of the lower lines of ReLUs with 0 inside their box, by the ReLU's node. */
  readonly slopes?: ReadonlyMap<number, Float64Array>;
  /**
   * Multipliers of split ReLUs by the node they read: positive for inputs that are known to be at
   * least 0, negative for those that are at most 0; their size is the multiplier.
   */
  readonly multipliers?: ReadonlyMap<number, Float64Array>;
}

/** What a backward pass leaves behind. */
export interface LinearBounds {
  /** `[rows]`: no image of the box gives less. */
  readonly lower: Float64Array;
  /** Coefficients `[rows, size]` that arrived at each node, the image's first. */
  readonly coefficients: readonly (Float64Array | undefined)[];
}

/** Numbers of all nodes together: more than any sum of a backward pass has terms. */
function totalSize({ boxes }: Relaxation): number {
  return boxes.reduce((sum, { lower }) => sum + lower.length, 0);
}

/**
 * The lower bounds of an objective over all images in the relaxation's box.
 * @returns -Infinity in rows for which there is no bound
 */
export function lowerBounds(
  relaxation: Relaxation,
  { node: target, until = INPUT, rows, coefficients: objective, constant = 0 }: Objective,
  parameters: Parameters = {},
): LinearBounds {
  const { graph, boxes } = relaxation;
  const lower = new Float64Array(rows).fill(constant);
  const magnitudes = new Float64Array(rows).fill(Math.abs(constant));
  const all: (Float64Array | undefined)[] = [];
  all[target] = objective.slice();
  for (let number = target; number > until; number--) {
    const own = all[number];
    if (own === undefined) continue;
    const { operation, inputs } = graph.nodes[number - 1];
    const multipliers = parameters.multipliers?.get(number);
    if (multipliers) for (let i = 0; i < own.length; i++) own[i] -= multipliers[i];
    addMagnitudes(own, relaxation.magnitude(number), magnitudes);
    const into = inputs.map((input) => (all[input] ??= newRows(rows, boxes[input].lower.length)));
    const relaxed = relaxation.node(number);
    if (operation.kind === 'linear') {
      operation.backward(own, rows, into, lower, magnitudes);
      if (relaxed.kind === 'linear' && relaxed.error) addErrors(own, relaxed.error, lower);
    } else if (relaxed.kind === 'elementwise') {
      throughLines(own, relaxed.lines, parameters.slopes?.get(number), into[0], lower, magnitudes);
    } else if (relaxed.kind === 'maximum') {
      const { winners, ceilings } = relaxed.lines;
      throughMaximum(own, winners, ceilings, into[0], lower, magnitudes);
    }
  }
  for (let number = until; number >= INPUT; number--) {
    const own = all[number];
    const { lower: low, upper: high } = boxes[number];
    if (own) addLeast(own, low, high, lower, magnitudes);
  }
  const relative = gamma64(totalSize(relaxation));
  for (let row = 0; row < rows; row++) {
    const bound = lower[row] - relative * magnitudes[row];
    lower[row] = bound > Number.NEGATIVE_INFINITY ? bound : Number.NEGATIVE_INFINITY;
  }
  return { lower, coefficients: all };
}

const newRows = (rows: number, size: number) => new Float64Array(rows * size);

function addMagnitudes(own: Float64Array, largest: Float64Array, magnitudes: Float64Array): void {
  const size = largest.length;
  for (let row = 0; row < magnitudes.length; row++) {
    let sum = 0;
    for (let i = 0, at = row * size; i < size; i++, at++) {
      if (own[at] !== 0) sum += Math.abs(own[at]) * largest[i];
    }
    magnitudes[row] += sum;
  }
}

function addErrors(own: Float64Array, errors: Float64Array, lower: Float64Array): void {
  const size = errors.length;
  for (let row = 0; row < lower.length; row++) {
    let sum = 0;
    for (let i = 0, at = row * size; i < size; i++, at++) {
      if (own[at] !== 0) sum += Math.abs(own[at]) * errors[i];
    }
    lower[row] -= sum;
  }
}

/** A positive coefficient takes the lower line, a negative one the upper line. */
function throughLines(
  own: Float64Array,
  { lowerSlope, lowerOffset, upperSlope, upperOffset }: Lines,
  slopes: Float64Array | undefined,
  into: Float64Array,
  lower: Float64Array,
  magnitudes: Float64Array,
): void {
  const size = lowerSlope.length;
  for (let row = 0; row < lower.length; row++) {
    let sum = 0;
    let magnitude = 0;
    for (let i = 0, at = row * size; i < size; i++, at++) {
      const coefficient = own[at];
      if (coefficient === 0) continue;
      const isPositive = coefficient > 0;
      const slope = isPositive ? (slopes ? slopes[at] : lowerSlope[i]) : upperSlope[i];
      const constant = coefficient * (isPositive ? lowerOffset[i] : upperOffset[i]);
      into[at] += coefficient * slope;
      sum += constant;
      magnitude += Math.abs(constant);
    }
    lower[row] += sum;
    magnitudes[row] += magnitude;
  }
}

function throughMaximum(
  own: Float64Array,
  winners: Int32Array,
  ceilings: Float64Array,
  into: Float64Array,
  lower: Float64Array,
  magnitudes: Float64Array,
): void {
  const size = winners.length;
  const inputSize = into.length / lower.length;
  for (let row = 0; row < lower.length; row++) {
    for (let i = 0, at = row * size; i < size; i++, at++) {
      const coefficient = own[at];
      if (coefficient === 0) continue;
      if (coefficient > 0 || Number.isNaN(ceilings[i])) {
        into[row * inputSize + winners[i]] += coefficient;
      } else {
        lower[row] += coefficient * ceilings[i];
        magnitudes[row] += Math.abs(coefficient * ceilings[i]);
      }
    }
  }
}

/** The least value of a linear function over the image's box. */
function addLeast(
  own: Float64Array,
  low: Float64Array,
  high: Float64Array,
  lower: Float64Array,
  magnitudes: Float64Array,
): void {
  const size = low.length;
  for (let row = 0; row < lower.length; row++) {
    for (let i = 0, at = row * size; i < size; i++, at++) {
      const term = own[at] * (own[at] > 0 ? low[i] : high[i]);
      lower[row] += term;
      magnitudes[row] += Math.abs(term);
    }
  }
}
