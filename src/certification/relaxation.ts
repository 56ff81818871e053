import type { Graph } from './graph.ts';
import {
  type Box,
  type ElementwiseOperation,
  type Lines,
  type MaximumOperation,
  magnitudeOf,
} from './operations/operation.ts';

/** A maximum between two linear functions: at least its `winner`, at most that too or a number. */
export interface MaximumLines {
  /** `[size]` position of the candidate with the largest lower bound. */
  readonly winners: Int32Array;
  /** `[size]` the maximum's upper bound; NaN where the winner is always the largest. */
  readonly ceilings: Float64Array;
}

/** What the linear bounds need to know of a node whose inputs lie in known boxes. */
export type NodeRelaxation =
  | { readonly kind: 'linear'; readonly error: Float64Array | undefined }
  | { readonly kind: 'elementwise'; readonly lines: Lines }
  | { readonly kind: 'maximum'; readonly lines: MaximumLines };

function maximumLines(
  { size, starts, candidates }: MaximumOperation,
  { lower, upper }: Box,
): MaximumLines {
  const winners = new Int32Array(size);
  const ceilings = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let winner = candidates[starts[i]];
    for (let k = starts[i]; k < starts[i + 1]; k++) {
      if (lower[candidates[k]] > lower[winner]) winner = candidates[k];
    }
    let isAlways = true;
    let ceiling = upper[winner];
    for (let k = starts[i]; k < starts[i + 1]; k++) {
      const other = candidates[k];
      if (other === winner) continue;
      if (!(upper[other] <= lower[winner])) isAlways = false;
      if (upper[other] > ceiling) ceiling = upper[other];
    }
    winners[i] = winner;
    ceilings[i] = isAlways ? Number.NaN : ceiling;
  }
  return { winners, ceilings };
}

/** The lines of every element over its input's box. */
export function linesOf(operation: ElementwiseOperation, { lower, upper }: Box): Lines {
  const lines = {
    lowerSlope: new Float64Array(operation.size),
    lowerOffset: new Float64Array(operation.size),
    upperSlope: new Float64Array(operation.size),
    upperOffset: new Float64Array(operation.size),
  };
  for (let i = 0; i < operation.size; i++) operation.line(lines, i, lower[i], upper[i]);
  return lines;
}

/**
 * A network with every operation between linear functions, for an image in a box: what backward
 * passes work on. Nodes are relaxed when they are first asked for.
 */
export class Relaxation {
  readonly graph: Graph;
  /** Of every node, the image's first. */
  readonly boxes: readonly Box[];
  readonly #nodes: (NodeRelaxation | undefined)[] = [];
  readonly #magnitudes: (Float64Array | undefined)[] = [];
  readonly #outer: Relaxation | undefined;

  /** @param outer of boxes that contain these: its errors and magnitudes hold here too */
  constructor(graph: Graph, boxes: readonly Box[], outer?: Relaxation) {
    this.graph = graph;
    this.boxes = boxes;
    this.#outer = outer;
  }

  node(number: number): NodeRelaxation {
    return (this.#nodes[number] ??= this.#relax(number));
  }

  /** The largest absolute value of each number of a node. */
  magnitude(number: number): Float64Array {
    if (this.#outer) return this.#outer.magnitude(number);
    return (this.#magnitudes[number] ??= magnitudeOf(this.boxes[number]));
  }

  #relax(number: number): NodeRelaxation {
    const { operation, inputs } = this.graph.nodes[number - 1];
    const boxes = inputs.map((input) => this.boxes[input]);
    switch (operation.kind) {
      case 'linear':
        if (this.#outer) return this.#outer.node(number);
        return { kind: 'linear', error: operation.error(boxes) };
      case 'elementwise':
        return { kind: 'elementwise', lines: linesOf(operation, boxes[0]) };
      case 'maximum':
        return { kind: 'maximum', lines: maximumLines(operation, boxes[0]) };
    }
  }
}
