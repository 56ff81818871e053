/** CROWN bounds of a network's inner numbers, where interval bounds leave a nonlinearity open. */
import { acceptedDistance } from '../attacks/index.ts';
import { type Graph, INPUT, intersection, outputBox } from './graph.ts';
import { lowerBounds, type Objective } from './linear-bounds.ts';
import { type Box, emptyBox } from './operations/operation.ts';
import { Relaxation } from './relaxation.ts';

/** Numbers bounded in one backward pass: enough for weights to be read seldom, few enough to fit caches. */
const ROWS = 32;

/** The numbers of a node whose bounds decide how tight the operations are that read it. */
export function openElements(graph: Graph, number: number, { lower, upper }: Box): number[] {
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(number));
  const open: number[] = [];
  for (let i = 0; i < lower.length; i++) {
    const isOpen = readers.some(({ operation }) => {
      if (operation.kind === 'linear') return false;
      const bends = operation.kind === 'elementwise' && operation.bends;
      return bends ? lower[i] < 0 && upper[i] > 0 : upper[i] > lower[i];
    });
    if (isOpen) open.push(i);
  }
  return open;
}

/** Some numbers of a node as an objective, two rows each: the number, and the number negated. */
export function bothSides(node: number, { lower }: Box, elements: readonly number[]): Objective {
  const size = lower.length;
  const coefficients = new Float64Array(2 * elements.length * size);
  elements.forEach((element, k) => {
    coefficients[2 * k * size + element] = 1;
    coefficients[(2 * k + 1) * size + element] = -1;
  });
  return { node, rows: 2 * elements.length, coefficients };
}

/** Writes what the lower bounds of `bothSides` add to a box. */
export function tighten(box: Box, elements: readonly number[], bounds: Float64Array): void {
  elements.forEach((element, k) => {
    box.lower[element] = Math.max(box.lower[element], bounds[2 * k]);
    box.upper[element] = Math.min(box.upper[element], -bounds[2 * k + 1]);
  });
}

/** CROWN's bounds of some numbers of a node; no looser than those it has. */
export function refineNode(
  relaxation: Relaxation,
  number: number,
  elements: readonly number[],
): Box {
  const known = relaxation.boxes[number];
  const box = { lower: known.lower.slice(), upper: known.upper.slice() };
  for (let start = 0; start < elements.length; start += ROWS) {
    const some = elements.slice(start, start + ROWS);
    tighten(box, some, lowerBounds(relaxation, bothSides(number, box, some)).lower);
  }
  return box;
}

/**
 * Bounds of every node by CROWN, node after node; interval bounds where nothing is left to gain, and
 * for a node of which more than `mostOpen` numbers are open.
 * @param boxes interval bounds, as `intervalBounds` gives them
 */
export function crownBounds(
  graph: Graph,
  boxes: readonly Box[],
  mostOpen = Number.POSITIVE_INFINITY,
): Box[] {
  const bounds = [...boxes];
  graph.nodes.forEach(({ operation, inputs }, i) => {
    const number = i + 1;
    // An affine function of the image alone: interval bounds are exact.
    if (operation.kind === 'linear' && inputs.every((input) => input === INPUT)) return;
    const byInterval = outputBox(
      operation,
      inputs.map((input) => bounds[input]),
    );
    bounds[number] = intersection(bounds[number], byInterval);
    if (operation.kind !== 'linear') return;
    const open = openElements(graph, number, bounds[number]);
    if (open.length > 0 && open.length <= mostOpen)
      bounds[number] = refineNode(new Relaxation(graph, bounds), number, open);
  });
  return bounds;
}

/** The box of the images that an evaluation takes to be within a budget of an image. */
export const budgetBox = (image: ArrayLike<number>, eps: number): Box =>
  imageBox(image, eps === 0 ? 0 : acceptedDistance(eps));

/** The box of images within `eps` of an image and in [0, 1]. */
export function imageBox(image: ArrayLike<number>, eps: number): Box {
  const box = emptyBox(image.length);
  for (let i = 0; i < image.length; i++) {
    box.lower[i] = Math.max(0, image[i] - eps);
    box.upper[i] = Math.min(1, image[i] + eps);
  }
  return box;
}
