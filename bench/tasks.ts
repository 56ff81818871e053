/** What is timed, in the words of TensorFlow.js; `peers/` says the same in Python. */
import * as tf from '@tensorflow/tfjs-core';
import { Adam, compiledBackend, recordPlan } from '../src/engine/index.ts';
import { Cnn, exampleTensors } from './cnn.ts';

export const TASKS = ['training step', 'forward', 'input gradient', 'pgd-40'] as const;
export type Task = (typeof TASKS)[number];

const PGD_STEPS = 40;

type Compute = (images: tf.Tensor4D, targets: tf.Tensor2D) => tf.Tensor;

/**
 * A computation with its results read back: a recorded plan where the engine has them, as `tf.function`
 * is for TensorFlow, else call by call.
 * @param variables what it reads besides
 * @param changed those of them that it changes
 */
function compiled(
  images: tf.Tensor4D,
  targets: tf.Tensor2D,
  compute: Compute,
  variables: readonly tf.Variable[],
  changed: readonly tf.Variable[] = [],
): () => Float32Array {
  const backend = compiledBackend();
  const inputs = [images, targets] as const;
  const values = inputs.map((input) => input.dataSync<'float32'>());
  const recorded =
    backend &&
    recordPlan(
      backend,
      variables,
      (recording) => {
        const x = recording.input<tf.Rank.R4>(images.shape);
        const wanted = recording.input<tf.Rank.R2>(targets.shape);
        const result = recording.output(compute(x.tensor, wanted.tensor));
        return { given: [x.span, wanted.span], result };
      },
      changed,
    );
  if (recorded === undefined) {
    return () => tf.tidy(() => compute(images, targets).dataSync<'float32'>().slice());
  }
  const { plan, marks } = recorded;
  return () => {
    for (const [i, span] of marks.given.entries()) plan.at(span).set(values[i]);
    plan.run(0);
    return plan.at(marks.result).slice();
  };
}

/** Returns one function a task; each call does the task once, results read back included. */
export function makeTasks(batch: number): Record<Task, () => void> {
  const cnn = new Cnn();
  const adam = new Adam();
  const { images, targets } = exampleTensors(batch);
  const gradient = (x: tf.Tensor4D, wanted: tf.Tensor2D) =>
    tf.grad((image) => cnn.loss(image as tf.Tensor4D, wanted))(x);

  /** One step of projected gradient descent in Linf: step size 0.01, budget 0.1. */
  const attackStep = (x: tf.Tensor4D, start: tf.Tensor4D, wanted: tf.Tensor2D): tf.Tensor4D => {
    const moved = tf.add(x, tf.mul(tf.sign(gradient(x, wanted)), 0.01));
    const near = tf.minimum(tf.maximum(moved, tf.sub(start, 0.1)), tf.add(start, 0.1));
    return tf.clipByValue(near, 0, 1) as tf.Tensor4D;
  };
  const attack = (start: tf.Tensor4D, wanted: tf.Tensor2D): tf.Tensor4D => {
    let x = start;
    for (let i = 0; i < PGD_STEPS; i++) x = tf.tidy(() => attackStep(x, start, wanted));
    return x;
  };

  const update = (x: tf.Tensor4D, wanted: tf.Tensor2D): tf.Scalar => {
    const { value, grads } = tf.variableGrads(() => cnn.loss(x, wanted), cnn.variables);
    adam.update(
      cnn.variables,
      cnn.variables.map((variable) => grads[variable.name]),
    );
    return value;
  };
  // The first step makes the optimizer's state, which a plan must find.
  adam.advance();
  tf.tidy(() => update(images, targets));
  const changed = [...cnn.variables, ...adam.slots];
  const trainingStep = compiled(images, targets, update, changed, changed);
  return {
    'training step': () => {
      adam.advance();
      trainingStep();
    },
    forward: compiled(images, targets, (x) => cnn.logits(x), cnn.variables),
    'input gradient': compiled(
      images,
      targets,
      (x, wanted) => tf.sign(gradient(x, wanted)),
      cnn.variables,
    ),
    'pgd-40': compiled(images, targets, attack, cnn.variables),
  };
}
