/** The one function that runs attacks: it checks the input once and counts the cost. */
import { UserError } from '../errors.ts';
import type { Classifier } from '../models/index.ts';
import { Oracle } from './oracle.ts';
import type { AttackPlan } from './plan.ts';
import type { AttackBatch, Goal } from './types.ts';

export interface AttackResult {
  /** `[N, H, W, C]`: one candidate per example, in the order of the batch. */
  readonly images: Float32Array;
  /** Passes over single images. */
  readonly forwards: number;
  readonly backwards: number;
  /** For each example, how often the attack asked the model; of attacks that use its gradients, none. */
  readonly queries: readonly number[] | undefined;
}

function checkImages(images: Float32Array, count: number, features: number): void {
  if (images.length !== count * features) {
    throw new UserError(
      'bad-images',
      `${count} images of ${features} values expected, found ${images.length} values`,
    );
  }
  const wrong = images.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong < 0) return;
  throw new UserError('bad-images', `image values go from 0 to 1, found ${images[wrong]}`, {
    hint: 'divide bytes by 255; normalization belongs inside the model',
  });
}

function checkClasses(what: string, values: Int32Array, count: number, classes: number): void {
  if (values.length !== count) {
    throw new UserError('bad-labels', `${count} ${what} expected, found ${values.length}`);
  }
  const wrong = values.find((value) => value < 0 || value >= classes);
  if (wrong === undefined) return;
  throw new UserError('bad-labels', `${what} go from 0 to ${classes - 1}, found ${wrong}`);
}

/**
 * Runs a planned attack on a batch. With eps = 0 every attack is the identity.
 * @param source the model a transfer attack takes its gradients from
 * @throws UserError where batch, goal and classifier do not fit together; RunError `not-finite`
 */
export async function runAttack(
  plan: AttackPlan,
  classifier: Classifier,
  batch: AttackBatch,
  goal: Goal = { kind: 'untargeted' },
  source?: Classifier,
): Promise<AttackResult> {
  const { attack, threat, options } = plan;
  const count = batch.streams.length;
  const oracle = new Oracle(classifier, count);
  checkImages(batch.images, count, oracle.features);
  checkClasses('labels', batch.labels, count, classifier.classes);
  if (goal.kind === 'targeted') checkClasses('targets', goal.targets, count, classifier.classes);
  if (!attack.goals.includes(goal.kind)) {
    throw new UserError('bad-goal', `${attack.name} has no ${goal.kind} form`, {
      hint: `it is ${attack.goals.join(' or ')}`,
    });
  }
  if (threat.eps === 0) {
    return { images: batch.images.slice(), forwards: 0, backwards: 0, queries: undefined };
  }
  const sourceOracle = source && new Oracle(source);
  const images = await attack.run({
    oracle,
    batch,
    goal,
    threat,
    loss: plan.loss ?? 'margin',
    options,
    ...(sourceOracle && { source: sourceOracle }),
  });
  const { forwards, backwards } = oracle.cost;
  return {
    images,
    forwards: forwards + (sourceOracle?.cost.forwards ?? 0),
    backwards: backwards + (sourceOracle?.cost.backwards ?? 0),
    queries: oracle.queries,
  };
}
