/**
 * Slopes and multipliers that make linear bounds as tight as they get, by gradient ascent: alpha-CROWN
 * (Xu et al. 2021, arXiv 2011.13824) and beta-CROWN (Wang et al. 2021, arXiv 2103.06624).
 *
 * The bound is a sum over ReLUs of coefficient times slope times input, so its derivative with respect
 * to a slope is the coefficient times the input's value at the image where the bound is least: one
 * forward pass through the lines gives all derivatives.
 */
import { INPUT } from './graph.ts';
import { type LinearBounds, lowerBounds, type Objective } from './linear-bounds.ts';
import type { Relaxation } from './relaxation.ts';

/** Signs of split numbers of a node: 1 for at least 0, -1 for at most 0, 0 for not split. */
export type Splits = ReadonlyMap<number, Int8Array>;

/** Parameters by node, `[rows, size]`: slopes in their ranges, multipliers from 0 up. */
export interface Tuning {
  readonly slopes: ReadonlyMap<number, Float64Array>;
  readonly multipliers: ReadonlyMap<number, Float64Array>;
}

export interface OptimizeOptions {
  readonly iterations: number;
  readonly splits?: Splits;
  readonly start?: Tuning | undefined;
  /** Ends when every row's bound is above this. */
  readonly enough?: number;
}

export interface OptimizedBounds {
  /** `[rows]`, the best of all iterations. */
  readonly lower: Float64Array;
  readonly tuning: Tuning;
  /** Of the last iteration. */
  readonly last: LinearBounds;
}

/** Steps of Adam (Kingma & Ba 2015) for slopes and multipliers, and how they shrink. */
const SLOPE_RATE = 0.1;
const MULTIPLIER_RATE = 0.05;
const DECAY = 0.97;
const [FIRST_MOMENT, SECOND_MOMENT, EPSILON] = [0.9, 0.999, 1e-12];

/** One array of parameters with Adam's state. */
class Ascent {
  readonly values: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;

  constructor(values: Float64Array) {
    this.values = values;
    this.#first = new Float64Array(values.length);
    this.#second = new Float64Array(values.length);
  }

  step(at: number, gradient: number, rate: number, iteration: number): number {
    this.#first[at] = FIRST_MOMENT * this.#first[at] + (1 - FIRST_MOMENT) * gradient;
    this.#second[at] = SECOND_MOMENT * this.#second[at] + (1 - SECOND_MOMENT) * gradient * gradient;
    const mean = this.#first[at] / (1 - FIRST_MOMENT ** iteration);
    const scale = Math.sqrt(this.#second[at] / (1 - SECOND_MOMENT ** iteration)) + EPSILON;
    return this.values[at] + (rate * mean) / scale;
  }
}

/** The nodes before `target` with slopes to choose, as `[node, what it reads]`. */
function bendingNodes({ graph }: Relaxation, target: number): (readonly [number, number])[] {
  return graph.nodes.flatMap(({ operation, inputs }, i) =>
    operation.kind === 'elementwise' && operation.bends && i + 1 < target
      ? [[i + 1, inputs[0]] as const]
      : [],
  );
}

/** The slopes that leave the smaller area, for every row. */
function initialSlopes(relaxation: Relaxation, node: number, rows: number): Float64Array {
  const relaxed = relaxation.node(node);
  if (relaxed.kind !== 'elementwise') throw new Error(`node ${node} has no lines`);
  const { lowerSlope } = relaxed.lines;
  const all = new Float64Array(rows * lowerSlope.length);
  for (let row = 0; row < rows; row++) all.set(lowerSlope, row * lowerSlope.length);
  return all;
}

/** Slopes from elsewhere where they are free, else the only ones there are. */
function slopesFor(
  relaxation: Relaxation,
  [node, input]: readonly [number, number],
  rows: number,
  start: Float64Array | undefined,
): Float64Array {
  const slopes = initialSlopes(relaxation, node, rows);
  if (start === undefined) return slopes;
  const { lower, upper } = relaxation.boxes[input];
  const size = lower.length;
  for (let at = 0; at < slopes.length; at++) {
    const i = at % size;
    if (lower[i] < 0 && upper[i] > 0) slopes[at] = start[at];
  }
  return slopes;
}

/** The values of every node in `row`, at the image where its bound is least, through the lines. */
function valuesAtLeast(
  relaxation: Relaxation,
  { coefficients }: LinearBounds,
  slopes: ReadonlyMap<number, Float64Array>,
  row: number,
  target: number,
): Float64Array[] {
  const { graph, boxes } = relaxation;
  const { lower, upper } = boxes[INPUT];
  const size = lower.length;
  const image = coefficients[INPUT];
  const values: Float64Array[] = [
    lower.map((low, i) => (image && image[row * size + i] < 0 ? upper[i] : low)),
  ];
  for (let number = 1; number < target; number++) {
    const { operation, inputs } = graph.nodes[number - 1];
    const own = coefficients[number];
    const relaxed = relaxation.node(number);
    const at = row * operation.size;
    if (operation.kind === 'linear') {
      values.push(operation.forward(inputs.map((input) => values[input])));
    } else if (relaxed.kind === 'elementwise') {
      const { lowerSlope, lowerOffset, upperSlope, upperOffset } = relaxed.lines;
      const chosen = slopes.get(number);
      values.push(
        values[inputs[0]].map((x, i) => {
          const isUpper = own !== undefined && own[at + i] < 0;
          if (isUpper) return upperSlope[i] * x + upperOffset[i];
          return (chosen ? chosen[at + i] : lowerSlope[i]) * x + lowerOffset[i];
        }),
      );
    } else if (relaxed.kind === 'maximum') {
      const { winners, ceilings } = relaxed.lines;
      values.push(
        Float64Array.from(winners, (winner, i) =>
          own !== undefined && own[at + i] < 0 && !Number.isNaN(ceilings[i])
            ? ceilings[i]
            : values[inputs[0]][winner],
        ),
      );
    }
  }
  return values;
}

/**
 * The lower bounds of an objective with slopes, and multipliers of splits, improved step by step.
 * Every iteration's bounds are valid, and each row keeps its best.
 */
export function optimizeBounds(
  relaxation: Relaxation,
  objective: Objective,
  { iterations, splits, start, enough = Number.POSITIVE_INFINITY }: OptimizeOptions,
): OptimizedBounds {
  const { rows, node: target } = objective;
  const bends = bendingNodes(relaxation, target);
  const slopes = new Map(
    bends.map((bend) => [
      bend[0],
      new Ascent(slopesFor(relaxation, bend, rows, start?.slopes.get(bend[0]))),
    ]),
  );
  const multipliers = new Map(
    [...(splits ?? [])].map(([node, signs]) => [
      node,
      new Ascent(start?.multipliers.get(node)?.slice() ?? new Float64Array(rows * signs.length)),
    ]),
  );
  const valuesOf = (parameters: ReadonlyMap<number, Ascent>) =>
    new Map([...parameters].map(([node, { values }]) => [node, values]));
  const signed = () =>
    new Map(
      [...multipliers].map(([node, { values }]) => {
        const signs = splits?.get(node) ?? new Int8Array(0);
        return [node, values.map((value, at) => value * signs[at % signs.length])];
      }),
    );
  const best = new Float64Array(rows).fill(Number.NEGATIVE_INFINITY);
  let last: LinearBounds | undefined;
  for (let iteration = 1; ; iteration++) {
    const own = valuesOf(slopes);
    last = lowerBounds(relaxation, objective, { slopes: own, multipliers: signed() });
    for (let row = 0; row < rows; row++) best[row] = Math.max(best[row], last.lower[row]);
    if (iteration > iterations || best.every((bound) => bound > enough)) break;
    const decay = DECAY ** iteration;
    for (let row = 0; row < rows; row++) {
      if (best[row] > enough) continue;
      const values = valuesAtLeast(relaxation, last, own, row, target);
      for (const [node, input] of bends) {
        const ascent = slopes.get(node);
        const coefficients = last.coefficients[node];
        const { operation } = relaxation.graph.nodes[node - 1];
        if (!ascent || !coefficients || operation.kind !== 'elementwise') continue;
        const { lower, upper } = relaxation.boxes[input];
        for (let i = 0, at = row * lower.length; i < lower.length; i++, at++) {
          if (!(coefficients[at] > 0 && lower[i] < 0 && upper[i] > 0)) continue;
          const [least, most] = operation.slopeRange(i);
          if (!(least <= most)) continue;
          const gradient = coefficients[at] * values[input][i];
          const moved = ascent.step(at, gradient, SLOPE_RATE * decay, iteration);
          ascent.values[at] = Math.min(most, Math.max(least, moved));
        }
      }
      for (const [node, ascent] of multipliers) {
        const signs = splits?.get(node) ?? new Int8Array(0);
        for (let i = 0; i < signs.length; i++) {
          if (signs[i] === 0) continue;
          const at = row * signs.length + i;
          const gradient = -signs[i] * values[node][i];
          const moved = ascent.step(at, gradient, MULTIPLIER_RATE * decay, iteration);
          ascent.values[at] = Math.max(0, moved);
        }
      }
    }
  }
  return {
    lower: best,
    tuning: { slopes: valuesOf(slopes), multipliers: valuesOf(multipliers) },
    last,
  };
}
