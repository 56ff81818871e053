/**
 * Projected gradient ascent on a loss: FGSM in many steps. `bim`, `pgd`,
 * `mi-fgsm` and `transfer` are settings of it, and adversarial training uses it too.
 */
import { gather, range, row } from '../arrays.ts';
import { classTargetsOf, goalMargin } from './goals.ts';
import { ArrayMath, type ImageMath, type Slopes } from './image-math.ts';
import type { LossName } from './losses/registry.ts';
import type { Gradients, Oracle } from './oracle.ts';
import { randomStart } from './threat.ts';
import type { AttackBatch, Goal, Threat } from './types.ts';

export interface Ascent {
  readonly oracle: Oracle;
  readonly batch: AttackBatch;
  readonly goal: Goal;
  readonly threat: Threat;
  readonly loss: LossName;
  /** What is climbed instead of the loss: gradients at points of some of the batch's examples. */
  readonly gradientsAt?: (points: Float32Array, examples: readonly number[]) => Promise<Gradients>;
  /** Gradient steps, each of length `stepSize` in the threat's norm. */
  readonly steps: number;
  readonly stepSize: number;
  /** Runs in all; more than one only helps with random starts. */
  readonly restarts: number;
  readonly randomStart: boolean;
  /** Moves the points that a run starts from, in place. */
  readonly moveStarts?: (
    points: Float32Array,
    examples: readonly number[],
    restart: number,
  ) => void | Promise<void>;
  /** How much of the accumulated gradient is kept at each step: 0 is no momentum. */
  readonly momentum: number;
  /** L1 only: share of the features that one step moves. */
  readonly sparsity: number;
  /** An example is finished once it reaches its goal by this margin of logits; Infinity: never. */
  readonly confidence: number;
}

/**
 * The options `steps` and `stepSize` of an attack that takes `steps` steps, which add up to `reach`
 * times eps unless the user chooses another length.
 */
export function stepOptions(steps: number, reach: number) {
  const factor = reach === 1 ? '' : `${reach} `;
  return {
    steps: { about: 'gradient steps', default: steps, min: 1, integer: true },
    stepSize: {
      about: `length of a step in the norm of the threat (${factor}eps / steps)`,
      default: ({ eps }: Threat, options: Readonly<Record<string, number>>) =>
        (reach * eps) / options.steps,
      above: 0,
    },
  };
}

/** The option `sparsity` of an attack that knows L1. */
export const sparsityOption = {
  about: 'L1: share of the features a step moves',
  default: 0.05,
  min: 0,
  max: 1,
} as const;

/** Where the gradients of a climb come from. */
type SlopesAt<Images> = (
  images: Images,
  examples: readonly number[],
) => Promise<Pick<Slopes<Images>, 'logits' | 'gradient'>>;

/** Runs the ascent; returns the first point found that reaches the goal, else the last one. */
export function ascend(ascent: Ascent): Promise<Float32Array> {
  const { oracle, batch, goal, loss, gradientsAt } = ascent;
  if (gradientsAt) return ascendBy(ascent, new ArrayMath(oracle), gradientsAt);
  return oracle.withImages((math) =>
    ascendBy(ascent, math, (images, examples) =>
      math.lossGradients(loss, images, classTargetsOf(batch, goal, examples)),
    ),
  );
}

async function ascendBy<Images>(
  ascent: Ascent,
  math: ImageMath<Images>,
  slopesAt: SlopesAt<Images>,
): Promise<Float32Array> {
  const attacked = ascent.batch.images.slice();
  let active: readonly number[] = range(ascent.batch.labels.length);
  for (let restart = 0; restart < ascent.restarts && active.length > 0; restart++) {
    active = await ascendOnce(ascent, math, slopesAt, restart, active, attacked);
  }
  return attacked;
}

/** The points that a run starts from, `[count, features]`. */
async function startsOf(
  ascent: Ascent,
  restart: number,
  rows: readonly number[],
): Promise<Float32Array> {
  const { batch, threat } = ascent;
  const { features } = ascent.oracle;
  const starts = gather(batch.images, rows, features);
  if (ascent.randomStart) {
    rows.forEach((example, i) => {
      const stream = batch.streams[example].child(`start ${restart}`);
      const original = row(batch.images, example, features);
      randomStart(threat, original, stream, row(starts, i, features));
    });
  }
  await ascent.moveStarts?.(starts, rows, restart);
  return starts;
}

/**
 * One run from one start, on the examples in `active`; returns those that are still not finished.
 * The last point of the last run is left for the evaluation to judge.
 */
async function ascendOnce<Images>(
  ascent: Ascent,
  math: ImageMath<Images>,
  slopesAt: SlopesAt<Images>,
  restart: number,
  active: readonly number[],
  attacked: Float32Array,
): Promise<readonly number[]> {
  const { batch, goal, threat, stepSize, sparsity, momentum, confidence } = ascent;
  const { features } = ascent.oracle;
  let rows = active;
  let current = math.from(await startsOf(ascent, restart, rows));
  let originals = math.from(gather(batch.images, rows, features));
  let velocity = momentum > 0 ? math.from(new Float32Array(rows.length * features)) : undefined;

  let gradient: Images | undefined;

  const store = async (places: readonly number[]) => {
    if (places.length === 0) return;
    const values = await math.values(current, places);
    places.forEach((place, i) => {
      row(attacked, rows[place], features).set(row(values, i, features));
    });
  };
  /** The places of the rows that are not finished; the others are stored. */
  const placesLeft = async (logits: Float32Array): Promise<number[]> => {
    const classTargets = classTargetsOf(batch, goal, rows);
    const isFinished = (i: number) => goalMargin(logits, classTargets, i) > confidence;
    await store(range(rows.length).filter(isFinished));
    return range(rows.length).filter((i) => !isFinished(i));
  };

  try {
    for (let step = 0; step < ascent.steps; step++) {
      const slopes = await slopesAt(current, rows);
      gradient = slopes.gradient;
      const kept = await placesLeft(slopes.logits);
      if (kept.length === 0) return [];
      if (kept.length < rows.length) {
        rows = kept.map((i) => rows[i]);
        gradient = math.keep(gradient, kept);
        current = math.keep(current, kept);
        originals = math.keep(originals, kept);
        velocity &&= math.keep(velocity, kept);
      }
      velocity &&= math.accumulate(velocity, momentum, gradient);
      current = await math.step(current, {
        threat,
        originals,
        directions: velocity ?? gradient,
        sizes: rows.map(() => stepSize),
        sparsity,
      });
      math.free(gradient);
    }
    await store(range(rows.length));
    if (restart === ascent.restarts - 1) return rows;
    return (await placesLeft(await math.logits(current))).map((i) => rows[i]);
  } finally {
    math.free(current, originals, velocity, gradient);
  }
}
