/** Attacks on a data set: batch after batch, every candidate judged here and not by the attack. */
import type * as tf from '@tensorflow/tfjs-core';
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
import { type Classifier, compiledOf, setCompiled } from '../models/index.ts';
import {
  batches,
  batchSizeFor,
  classify,
  type Rate,
  rateOf,
  yieldToEventLoop,
} from './accuracy.ts';
import { roundToLevels, threatOnLevels } from './levels.ts';

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
  /** Where pixels were rounded: of the rows that succeeded before, those that still do. */
  readonly survived: Rate | undefined;
  /** Passes over single images, the judging not counted. */
  readonly forwards: number;
  readonly backwards: number;
  /** Of an attack without gradients of the model: how often it asked the model, row by row. */
  readonly queries: number[] | undefined;
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

/** Whether a class is what the goal wants of an example. */
const isGoal = (goal: Goal, { labels }: AttackBatch, winner: number, example: number): boolean =>
  goal.kind === 'targeted' ? winner === goal.targets[example] : winner !== labels[example];

/** Judges candidates by the model at T = 1: the only place where success is decided. */
export async function judge(
  plan: AttackPlan,
  classifier: Classifier,
  examples: AttackBatch,
  goal: Goal,
  candidates: Float32Array,
): Promise<Outcomes> {
  const features = candidates.length / examples.labels.length;
  const predicted = Array.from(await classify(classifier, candidates));
  const distances: number[] = [];
  const legal: boolean[] = [];
  for (let i = 0; i < predicted.length; i++) {
    const original = row(examples.images, i, features);
    const candidate = row(candidates, i, features);
    distances.push(distance(plan.threat.norm, original, candidate));
    legal.push(isWithin(plan.threat, original, candidate));
  }
  const success = predicted.map((winner, i) => isGoal(goal, examples, winner, i) && legal[i]);
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
  /** Levels that the pixels of candidates are rounded to; absent: they stay as they were found. */
  readonly levels?: number;
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
  const logits = (images: tf.Tensor4D) => {
    onPasses(images.shape[0]);
    return classifier.logits(images);
  };
  const compiled = compiledOf(classifier);
  if (compiled) {
    const [height, width, channels] = classifier.inputShape;
    const counted = <T>(images: Float32Array, result: T | undefined): T | undefined => {
      if (result) onPasses(images.length / (height * width * channels));
      return result;
    };
    setCompiled(logits, {
      logits: (images) => counted(images, compiled.logits(images)),
      pullBack: (images, cotangent) => counted(images, compiled.pullBack(images, cotangent)),
    });
  }
  return { ...classifier, logits };
}

/** Runs one attack on the images at `positions` and judges what it returns. */
export async function attackDataset(job: AttackJob): Promise<AttackRun> {
  const { plan, classifier, dataset, positions, targets, onPasses } = job;
  const [targetModel, source] = [classifier, job.source].map(
    (model) => model && (onPasses ? withPassCounter(model, onPasses) : model),
  );
  const { levels } = job;
  const exactPlan =
    levels === undefined ? plan : { ...plan, threat: threatOnLevels(plan.threat, levels) };
  const stream = new RandomStream(job.seed, `attack/${plan.attack.name}`);
  const outcomes: Outcomes = { predicted: [], distance: [], success: [], legal: [] };
  const started = performance.now();
  let forwards = 0;
  let backwards = 0;
  const queries: number[] = [];
  let exact = 0;
  let survived = 0;
  let done = 0;
  const { batchSize = batchSizeFor(imageSize(dataset)) } = job;
  for (const batch of batches(positions, batchSize)) {
    const examples = examplesAt(dataset, batch, stream);
    const goal: Goal = targets
      ? { kind: 'targeted', targets: Int32Array.from(targets.slice(done, done + batch.length)) }
      : { kind: 'untargeted' };
    const result = await runAttack(exactPlan, targetModel ?? classifier, examples, goal, source);
    const candidates =
      levels === undefined
        ? result.images
        : await roundToLevels(plan.threat, examples, result.images, levels, async (points, rows) =>
            Array.from(await classify(classifier, points), (winner, i) =>
              isGoal(goal, examples, winner, rows[i]),
            ),
          );
    const judged = await judge(plan, classifier, examples, goal, candidates);
    if (levels !== undefined) {
      const { success } = await judge(plan, classifier, examples, goal, result.images);
      exact += success.filter(Boolean).length;
      survived += success.filter((won, i) => won && judged.success[i]).length;
    }
    outcomes.predicted.push(...judged.predicted);
    outcomes.distance.push(...judged.distance);
    outcomes.success.push(...judged.success);
    outcomes.legal.push(...judged.legal);
    forwards += result.forwards;
    backwards += result.backwards;
    queries.push(...(result.queries ?? []));
    done += batch.length;
    job.onBatch?.(candidates, batch);
    await yieldToEventLoop();
  }
  return {
    plan,
    positions,
    targets: targets && Array.from(targets),
    ...outcomes,
    survived: levels === undefined ? undefined : rateOf(survived, exact),
    forwards,
    backwards,
    queries: queries.length === positions.length ? queries : undefined,
    seconds: (performance.now() - started) / 1000,
  };
}
