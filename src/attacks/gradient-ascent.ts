/**
 * Projected gradient ascent on a loss: FGSM in many steps. `bim`, `pgd`,
 * `mi-fgsm` and `transfer` are settings of it, and adversarial training uses it too.
 */
import { gather, range, row } from '../arrays.ts';
import { classTargetsOf, goalMargin } from './goals.ts';
import type { LossName } from './losses/registry.ts';
import type { Gradients, Oracle } from './oracle.ts';
import { randomStart, stepWithin } from './threat.ts';
import type { AttackBatch, ClassTargets, Goal, Threat } from './types.ts';

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

/** Runs the ascent; returns the first point found that reaches the goal, else the last one. */
export async function ascend(ascent: Ascent): Promise<Float32Array> {
  const attacked = ascent.batch.images.slice();
  let active = range(ascent.batch.labels.length);
  for (let restart = 0; restart < ascent.restarts && active.length > 0; restart++) {
    const isLast = restart === ascent.restarts - 1;
    active = await ascendOnce(ascent, restart, active, attacked, isLast);
  }
  return attacked;
}

/**
 * One run from one start, on the examples in `active`; returns those that are still not finished.
 * The last point of the last run is left for the evaluation to judge.
 */
async function ascendOnce(
  ascent: Ascent,
  restart: number,
  active: readonly number[],
  attacked: Float32Array,
  isLast: boolean,
): Promise<number[]> {
  const { oracle, batch, goal, threat, loss, confidence } = ascent;
  const { features } = oracle;
  let rows = [...active];
  let current = gather(batch.images, rows, features);
  if (ascent.randomStart) {
    rows.forEach((example, i) => {
      const stream = batch.streams[example].child(`start ${restart}`);
      const original = row(batch.images, example, features);
      randomStart(threat, original, stream, row(current, i, features));
    });
  }
  await ascent.moveStarts?.(current, rows, restart);
  let velocity: Float32Array = new Float32Array(ascent.momentum > 0 ? current.length : 0);

  const store = () => {
    rows.forEach((example, i) => {
      row(attacked, example, features).set(row(current, i, features));
    });
  };
  /** Drops the finished rows; returns where in the batch the others were. */
  const keepUnfinished = (logits: Float32Array, classTargets: ClassTargets): number[] => {
    const kept = range(rows.length).filter(
      (i) => !(goalMargin(logits, classTargets, i) > confidence),
    );
    if (kept.length === rows.length) return kept;
    store();
    rows = kept.map((i) => rows[i]);
    current = gather(current, kept, features);
    if (ascent.momentum > 0) velocity = gather(velocity, kept, features);
    return kept;
  };

  for (let step = 0; step < ascent.steps && rows.length > 0; step++) {
    const classTargets = classTargetsOf(batch, goal, rows);
    const { logits, gradient } = ascent.gradientsAt
      ? await ascent.gradientsAt(current, rows)
      : await oracle.lossGradients(loss, current, classTargets);
    const kept = keepUnfinished(logits, classTargets);
    rows.forEach((example, i) => {
      let direction = row(gradient, kept[i], features);
      if (ascent.momentum > 0) {
        accumulate(row(velocity, i, features), ascent.momentum, direction);
        direction = row(velocity, i, features);
      }
      const image = row(current, i, features);
      const original = row(batch.images, example, features);
      stepWithin(threat, original, direction, ascent.stepSize, image, ascent.sparsity);
    });
  }
  store();
  if (!isLast) keepUnfinished(await oracle.logits(current), classTargetsOf(batch, goal, rows));
  return rows;
}

/** velocity = momentum * velocity + gradient / |gradient|_1 (Dong et al. 2018). */
export function accumulate(velocity: Float32Array, momentum: number, gradient: Float32Array): void {
  let total = 0;
  for (let i = 0; i < gradient.length; i++) total += Math.abs(gradient[i]);
  const scale = total === 0 ? 0 : 1 / total;
  for (let i = 0; i < velocity.length; i++) {
    velocity[i] = momentum * velocity[i] + gradient[i] * scale;
  }
}
