/** What is timed, in the words of TensorFlow.js; `peers/` says the same in Python. */
import * as tf from '@tensorflow/tfjs-core';
import { Adam } from '../src/engine/index.ts';
import { Cnn, exampleTensors } from './cnn.ts';

export const TASKS = ['training step', 'forward', 'input gradient', 'pgd-40'] as const;
export type Task = (typeof TASKS)[number];

/**
 * Reads a result back. Returning the array out of `tf.tidy` instead would have TensorFlow.js look for
 * tensors among its elements.
 */
function read(tensor: tf.Tensor): void {
  tensor.dataSync();
  tensor.dispose();
}

/** Returns one function a task; each call does the task once, results read back included. */
export function makeTasks(batch: number): Record<Task, () => void> {
  const cnn = new Cnn();
  const adam = new Adam();
  const { images, targets } = exampleTensors(batch);
  const gradient = (x: tf.Tensor) => tf.grad((image) => cnn.loss(image as tf.Tensor4D, targets))(x);

  /** One step of projected gradient descent in Linf: step size 0.01, budget 0.1. */
  const attackStep = (x: tf.Tensor4D): tf.Tensor4D =>
    tf.tidy(() => {
      const moved = tf.add(x, tf.mul(tf.sign(gradient(x)), 0.01));
      const near = tf.minimum(tf.maximum(moved, tf.sub(images, 0.1)), tf.add(images, 0.1));
      return tf.clipByValue(near, 0, 1) as tf.Tensor4D;
    });

  return {
    'training step': () => {
      const { value, grads } = tf.variableGrads(() => cnn.loss(images, targets), cnn.variables);
      adam.step(
        cnn.variables,
        cnn.variables.map((variable) => grads[variable.name]),
      );
      value.dataSync();
      tf.dispose([value, grads]);
    },
    forward: () => read(tf.tidy(() => cnn.logits(images))),
    'input gradient': () => read(tf.tidy(() => tf.sign(gradient(images)))),
    'pgd-40': () => {
      let x = tf.clone(images);
      for (let i = 0; i < 40; i++) {
        const next = attackStep(x);
        x.dispose();
        x = next;
      }
      read(x);
    },
  };
}
