/** Attacks on a data set: batch after batch, every candidate judged here and not by the attack. */
import { row } from '../arrays.ts';
import {
  type AttackBatch,
  type AttackPlan,
  distance,
  type Goal,
  isWithin,
  runAttack,
} from '../attacks/index.ts';
import { type Dataset, imageSize, imagesAsFloats, labelsAt } from '../data/index.ts';
import { RandomStream } from '../engine/index.ts';
import type { Classifier } from '../models/index.ts';
import { batches, batchSizeFor, classify, yieldToEventLoop } from './accuracy.ts';

/** The outcome of each row of a batch or run, in order. */
export interface Outcomes {
  /** Class that the model gives the candidate. */
  readonly predicted: number[];
  /** Distance of the candidate from the original, in the threat's norm. */
  readonly distance: number[];
  /** Goal reached by a legal candidate. */
  readonly success: boolean[];
  /** In the ball, in [0, 1], no NaN. An illegal candidate is a bug in the attack, never a success. */
  readonly legal: boolean[];
}

export interface AttackRun extends Outcomes {
  readonly plan: AttackPlan;
  readonly positions: readonly number[];
  readonly targets: number[] | undefined;
  /** Passes over single images, the judging not counted. */
  readonly forwards: number;
  readonly backwards: number;
  readonly seconds: number;
}

/**
 * Images at `positions`, each with the stream named by its index in the data set: which
 * neighbors it is attacked with changes nothing.
 */
export function examplesAt(
  dataset: Dataset,
  positions: readonly number[],
  stream: RandomStream,
): AttackBatch {
  return {
    images: imagesAsFloats(dataset, positions),
    labels: labelsAt(dataset, positions),
    streams: positions.map((position) => stream.child(dataset.indices[position])),
  };
}

/** Judges candidates by the model at T = 1: the only place where success is decided. */
export function judge(
  plan: AttackPlan,
  classifier: Classifier,
  examples: AttackBatch,
  goal: Goal,
  candidates: Float32Array,
): Outcomes {
  const features = candidates.length / examples.labels.length;
  const predicted = Array.from(classify(classifier, candidates));
  const distances: number[] = [];
  const legal: boolean[] = [];
  for (let i = 0; i < predicted.length; i++) {
    const original = row(examples.images, i, features);
    const candidate = row(candidates, i, features);
    distances.push(distance(plan.threat.norm, original, candidate));
    legal.push(isWithin(plan.threat, original, candidate));
  }
  const success = predicted.map((winner, i) => {
    const reached =
      goal.kind === 'targeted' ? winner === goal.targets[i] : winner !== examples.labels[i];
    return reached && legal[i];
  });
  return { predicted, distance: distances, success, legal };
}

/** What to attack, and how. */
export interface AttackJob {
  readonly plan: AttackPlan;
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  readonly positions: readonly number[];
  readonly seed: number;
  /** One target class per position; untargeted if absent. */
  readonly targets?: readonly number[];
  /** The model that a transfer attack takes its gradients from, or the surrogate. */
  readonly source?: Classifier;
  /** Images attacked at once; changes speed, not results. */
  readonly batchSize?: number;
  /** Called with every pass: how many images went through one of the models. */
  onPasses?(images: number): void;
  /** Receives every batch of candidates, in order, with the positions they belong to. */
  onBatch?(candidates: Float32Array, positions: readonly number[]): void;
}

/** The same model, reporting how many images go through it. */
export function withPassCounter(
  classifier: Classifier,
  onPasses: (images: number) => void,
): Classifier {
  return {
    ...classifier,
    logits: (images) => {
      onPasses(images.shape[0]);
      return classifier.logits(images);
    },
  };
}

/** Runs one attack on the images at `positions` and judges what it returns. */
export async function attackDataset(job: AttackJob): Promise<AttackRun> {
  const { plan, classifier, dataset, positions, targets, onPasses } = job;
  const [targetModel, source] = [classifier, job.source].map(
    (model) => model && (onPasses ? withPassCounter(model, onPasses) : model),
  );
  const stream = new RandomStream(job.seed, `attack/${plan.attack.name}`);
  const outcomes: Outcomes = { predicted: [], distance: [], success: [], legal: [] };
  const started = performance.now();
  let forwards = 0;
  let backwards = 0;
  let done = 0;
  const { batchSize = batchSizeFor(imageSize(dataset)) } = job;
  for (const batch of batches(positions, batchSize)) {
    const examples = examplesAt(dataset, batch, stream);
    const goal: Goal = targets
      ? { kind: 'targeted', targets: Int32Array.from(targets.slice(done, done + batch.length)) }
      : { kind: 'untargeted' };
    const result = runAttack(plan, targetModel ?? classifier, examples, goal, source);
    const judged = judge(plan, classifier, examples, goal, result.images);
    outcomes.predicted.push(...judged.predicted);
    outcomes.distance.push(...judged.distance);
    outcomes.success.push(...judged.success);
    outcomes.legal.push(...judged.legal);
    forwards += result.forwards;
    backwards += result.backwards;
    done += batch.length;
    job.onBatch?.(result.images, batch);
    await yieldToEventLoop();
  }
  return {
    plan,
    positions,
    targets: targets && Array.from(targets),
    ...outcomes,
    forwards,
    backwards,
    seconds: (performance.now() - started) / 1000,
  };
}
