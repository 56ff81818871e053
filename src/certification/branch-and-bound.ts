/**
 * Branch and bound over ReLUs: where linear bounds leave a question open, a ReLU with 0 inside its box
 * is split into its two linear pieces, and each half is bounded again (Bunel et al. 2020, arXiv
 * 1909.06588; with multipliers for the splits, beta-CROWN, Wang et al. 2021, arXiv 2103.06624).
 */
import type { Graph } from './graph.ts';
import { lowerBounds, type Objective } from './linear-bounds.ts';
import type { Box } from './operations/operation.ts';
import { optimizeBounds, type Splits, type Tuning } from './optimize.ts';
import { Relaxation } from './relaxation.ts';

/** A part of the images: those for which some ReLUs' inputs have known signs. */
interface Part {
  readonly relaxation: Relaxation;
  readonly splits: Splits;
  readonly tuning: Tuning | undefined;
  /** The objective's lower bound over the part. */
  readonly bound: number;
  /** Coefficients that arrived at each node when the part was bounded. */
  readonly coefficients: readonly (Float64Array | undefined)[];
}

interface Branch {
  /** The node that the ReLU reads, and the position in it. */
  readonly node: number;
  readonly position: number;
}

/** Steps of ascent on a part's parameters. */
const ITERATIONS = 12;
/** ReLUs that are tried out by bounding both halves once; the most promising is split. */
const CANDIDATES = 6;
/** Part of the candidates' estimates: how much a ReLU's relaxation costs the bound. */
const LEAST_SCORE = 1e-9;

/** ReLUs by how much their relaxation may cost the bound, the costliest first. */
function candidates({ relaxation, tuning, coefficients }: Part): Branch[] {
  const scored: (Branch & { score: number })[] = [];
  relaxation.graph.nodes.forEach(({ operation, inputs }, i) => {
    if (operation.kind !== 'elementwise' || !operation.bends) return;
    const own = coefficients[i + 1];
    const slopes = tuning?.slopes.get(i + 1);
    if (own === undefined) return;
    const [node] = inputs;
    const { lower, upper } = relaxation.boxes[node];
    for (let position = 0; position < lower.length; position++) {
      const [low, high] = [lower[position], upper[position]];
      if (!(low < 0 && high > 0)) continue;
      const coefficient = own[position];
      const slope = slopes ? slopes[position] : 0;
      // The height of the triangle above 0, or the gap of the lower line at the nearer end.
      const gap =
        coefficient < 0 ? (-low * high) / (high - low) : Math.min(slope * -low, (1 - slope) * high);
      const score = Math.abs(coefficient) * gap;
      if (score > LEAST_SCORE) scored.push({ node, position, score });
    }
  });
  return scored.sort((a, b) => b.score - a.score).slice(0, CANDIDATES);
}

/** The half of a part in which a ReLU's input is at least 0 (`sign` 1) or at most 0 (-1). */
function half(part: Part, { node, position }: Branch, sign: 1 | -1, root: Relaxation): Part {
  const { graph, boxes } = part.relaxation;
  const box = { lower: boxes[node].lower.slice(), upper: boxes[node].upper.slice() };
  if (sign > 0) box.lower[position] = 0;
  else box.upper[position] = 0;
  const inner = boxes.map((one, number) => (number === node ? box : one));
  const signs = part.splits.get(node)?.slice() ?? new Int8Array(box.lower.length);
  signs[position] = sign;
  return {
    ...part,
    relaxation: new Relaxation(graph, inner, root),
    splits: new Map([...part.splits, [node, signs]]),
  };
}

/** A half bounded with the parameters of the whole. */
function boundOnce(part: Part, objective: Objective): number {
  const { slopes, multipliers } = parameters(part);
  return lowerBounds(part.relaxation, objective, { slopes, multipliers }).lower[0];
}

/** A part's tuning as parameters: signed multipliers, and slopes only where they are free. */
function parameters({ relaxation, splits, tuning }: Part) {
  const slopes = new Map(
    [...(tuning?.slopes ?? [])].map(([number, values]) => {
      const relaxed = relaxation.node(number);
      const { lower, upper } = relaxation.boxes[relaxation.graph.nodes[number - 1].inputs[0]];
      const only = relaxed.kind === 'elementwise' ? relaxed.lines.lowerSlope : values;
      return [number, values.map((v, i) => (lower[i] < 0 && upper[i] > 0 ? v : only[i]))];
    }),
  );
  const multipliers = new Map(
    [...(tuning?.multipliers ?? [])].map(([number, values]) => {
      const signs = splits.get(number);
      return [number, values.map((value, i) => value * (signs ? signs[i] : 0))];
    }),
  );
  return { slopes, multipliers };
}

/** The branch whose worse half has the best bound, among the candidates. */
function chooseBranch(part: Part, objective: Objective, root: Relaxation): Branch | undefined {
  let best: Branch | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const branch of candidates(part)) {
    const [a, b] = ([1, -1] as const).map((sign) =>
      Math.min(0, boundOnce(half(part, branch, sign, root), objective)),
    );
    // The worse half decides; of equal ones the better half does.
    const score = Math.min(a, b) + 0.1 * Math.max(a, b);
    if (score > bestScore) {
      best = branch;
      bestScore = score;
    }
  }
  return best;
}

function bounded(part: Part, objective: Objective): Part {
  const { lower, tuning, last } = optimizeBounds(part.relaxation, objective, {
    iterations: ITERATIONS,
    splits: part.splits,
    start: part.tuning,
    enough: 0,
  });
  return {
    ...part,
    bound: Math.max(part.bound, lower[0]),
    tuning,
    coefficients: last.coefficients,
  };
}

export interface BranchResult {
  /** `proven`: the objective is above 0 over the whole box; `open`: time ran out, or nothing is left to split. */
  readonly outcome: 'proven' | 'open';
  /** Parts that were bounded. */
  readonly parts: number;
  /** The least bound over all parts that are left; above 0 when proven. */
  readonly bound: number;
}

/** A list of parts with the lowest bound first: a binary heap. */
class Queue {
  readonly #parts: Part[] = [];

  get length(): number {
    return this.#parts.length;
  }

  push(part: Part): void {
    const parts = this.#parts;
    let i = parts.push(part) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (parts[parent].bound <= parts[i].bound) break;
      [parts[parent], parts[i]] = [parts[i], parts[parent]];
      i = parent;
    }
  }

  pop(): Part | undefined {
    const parts = this.#parts;
    const [first] = parts;
    const last = parts.pop();
    if (last === undefined || parts.length === 0) return first;
    parts[0] = last;
    let i = 0;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < parts.length && parts[child].bound < parts[least].bound) least = child;
      }
      if (least === i) return first;
      [parts[least], parts[i]] = [parts[i], parts[least]];
      i = least;
    }
  }
}

/**
 * Whether a linear function of a network's output is above 0 for every image of a box.
 *
 * @param boxes bounds of every node, as tight as they are to be
 * @param objective of one row
 * @param shouldStop asked before every part; true ends the search
 * @param onPart receives the image at which a part's bound is least: a likely counterexample; true
 *   ends the search
 */
export async function branchAndBound(
  graph: Graph,
  boxes: readonly Box[],
  objective: Objective,
  shouldStop: () => boolean,
  onPart: (image: Float64Array) => boolean,
): Promise<BranchResult> {
  const root = new Relaxation(graph, boxes);
  const queue = new Queue();
  const whole: Part = {
    relaxation: root,
    splits: new Map(),
    tuning: undefined,
    bound: Number.NEGATIVE_INFINITY,
    coefficients: [],
  };
  let parts = 1;
  queue.push(bounded(whole, objective));
  for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
    if (part.bound > 0) return { outcome: 'proven', parts, bound: part.bound };
    if (shouldStop() || onPart(leastImage(part))) {
      return { outcome: 'open', parts, bound: part.bound };
    }
    const branch = chooseBranch(part, objective, root);
    if (branch === undefined) return { outcome: 'open', parts, bound: part.bound };
    for (const sign of [1, -1] as const) {
      const child = bounded(half(part, branch, sign, root), objective);
      parts++;
      if (!(child.bound > 0)) queue.push(child);
    }
    if (parts % 16 === 1) await new Promise(setImmediate);
  }
  return { outcome: 'proven', parts, bound: 0 };
}

/** The corner of the image's box at which a part's linear bound is least. */
function leastImage({ relaxation, coefficients }: Part): Float64Array {
  const { lower, upper } = relaxation.boxes[0];
  const own = coefficients[0];
  return lower.map((low, i) => (own && own[i] < 0 ? upper[i] : low));
}
