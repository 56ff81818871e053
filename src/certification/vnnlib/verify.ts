/** Whether a network has a property: an attack, linear bounds, then branch and bound. */
import type { Classifier } from '../../models/index.ts';
import { branchAndBound } from '../branch-and-bound.ts';
import { crownBounds } from '../crown.ts';
import { type Graph, intervalBounds } from '../graph.ts';
import type { Objective } from '../linear-bounds.ts';
import type { Box } from '../operations/operation.ts';
import { optimizeBounds } from '../optimize.ts';
import { Relaxation } from '../relaxation.ts';
import { type Counterexample, findCounterexample, judged } from './counterexample.ts';
import type { Comparison, Property } from './property.ts';
import { tightenBounds } from './tighten.ts';

export interface Verification {
  /** `violated` comes with a counterexample that was run; `unknown`: time ran out. */
  readonly outcome: 'holds' | 'violated' | 'unknown';
  /** Null unless violated. */
  readonly counterexample: Counterexample | null;
  /** Parts that branch and bound looked at. */
  readonly parts: number;
  readonly seconds: number;
}

/** Steps of ascent on the bounds of the outputs before anything is split. */
const ROOT_ITERATIONS = 40;
/** Corners of parts that are only judged between two from which an attack begins. */
const CORNERS_BETWEEN_ATTACKS = 25;
/** Rounds of the attack on what linear bounds leave, and the share of the time after which they end. */
const ROUNDS = 30;
const ATTACK_SHARE = 0.3;
/** Share of the time after which inner bounds are no longer tightened. */
const TIGHTEN_SHARE = 0.25;

/** `-(coefficients . y + constant)`: above 0, the comparison holds nowhere. */
function refutation({ nodes }: Graph, { coefficients }: Comparison): Objective {
  return { node: nodes.length, rows: 1, coefficients: coefficients.map((value) => -value) };
}

/** The comparisons, one of each violation, that are still to be refuted. */
interface Question {
  readonly comparison: Comparison;
  readonly objective: Objective;
}

/**
 * Decides a property.
 * @param classifier the same network on the engine, for counterexamples
 * @param timeLimit in seconds
 */
export async function verifyProperty(
  graph: Graph,
  classifier: Classifier,
  property: Property,
  timeLimit: number,
  seed: number,
): Promise<Verification> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let parts = 0;
  let corners = 0;
  const violated = (counterexample: Counterexample): Verification => ({
    outcome: 'violated',
    counterexample,
    parts,
    seconds: seconds(),
  });
  const found = findCounterexample(classifier, property, seed);
  if (found) return violated(found);
  let boxes = crownBounds(graph, intervalBounds(graph, property.inputs));
  let open = unrefuted(graph, boxes, property, ROOT_ITERATIONS);
  if (open.length > 0) {
    boxes = await tightenBounds(graph, boxes, () => seconds() > TIGHTEN_SHARE * timeLimit);
    open = unrefuted(graph, boxes, property, ROOT_ITERATIONS);
  }
  // What bounds leave is attacked for longer, each violation alone.
  const doubtful = { ...property, violations: open.map((all) => all.map((one) => one.comparison)) };
  for (let round = 1; open.length > 0 && round <= ROUNDS; round++) {
    if (seconds() > ATTACK_SHARE * timeLimit) break;
    const later = findCounterexample(classifier, doubtful, seed, round);
    if (later) return violated(later);
    await new Promise(setImmediate);
  }
  for (const questions of open) {
    const [first] = questions;
    let counterexample: Counterexample | undefined;
    const result = await branchAndBound(
      graph,
      boxes,
      shifted(first),
      () => seconds() > timeLimit,
      (image) => {
        counterexample = judged(classifier, property, Float32Array.from(image));
        if (++corners % CORNERS_BETWEEN_ATTACKS === 1) {
          const near = { ...property, violations: [questions.map((one) => one.comparison)] };
          counterexample ??= findCounterexample(classifier, near, seed, corners, image);
        }
        return counterexample !== undefined;
      },
    );
    parts += result.parts;
    if (counterexample) return violated(counterexample);
    if (result.outcome === 'open') {
      return { outcome: 'unknown', counterexample: null, parts, seconds: seconds() };
    }
  }
  return { outcome: 'holds', counterexample: null, parts, seconds: seconds() };
}

/** The objective with the comparison's constant: bounds of it are compared with 0. */
const shifted = ({ comparison, objective }: Question): Objective => ({
  ...objective,
  constant: -comparison.constant,
});

/** The violations that linear bounds leave, hardest last; each with its comparisons, the best first. */
function unrefuted(
  graph: Graph,
  boxes: readonly Box[],
  { violations }: Property,
  iterations: number,
): Question[][] {
  const relaxation = new Relaxation(graph, boxes);
  const open = violations.map((comparisons) => {
    const questions = comparisons.map((comparison) => {
      const objective = refutation(graph, comparison);
      const question = { comparison, objective };
      const { lower } = optimizeBounds(relaxation, shifted(question), { iterations, enough: 0 });
      return { question, bound: lower[0] };
    });
    return questions.sort((a, b) => b.bound - a.bound);
  });
  return open
    .filter(([best]) => best === undefined || !(best.bound > 0))
    .sort(([a], [b]) => (a?.bound ?? 0) - (b?.bound ?? 0))
    .map((questions) => questions.map(({ question }) => question));
}
