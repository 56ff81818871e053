/**
 * AWP: PGD training of weights that were first moved to where the loss is worse, so that the loss is
 * flat around those that are kept.
 *
 * Paper: Wu, Xia & Wang 2020, "Adversarial Weight Perturbation Helps Robust Generalization" (AT-AWP).
 * Loss: CE(S(x'), y) at weights w + v, where v goes along the loss's gradient in each kernel and is gamma
 * times as long as the kernel; biases stay. The step is taken from w. Inner maximization: cross-entropy, by PGD.
 * Cost: one forward and one backward pass more than PGD training.
 */
import * as tf from '@tensorflow/tfjs-core';
import { adversarialImages } from '../adversarial.ts';
import type { PerturbWeights } from '../fit.ts';
import { crossEntropy } from '../loss.ts';
import type { TrainingMethod } from './method.ts';

/** The authors' for PGD training. */
const GAMMA = 0.01;

/** Moves every kernel by `gamma` of its length along the gradient of `loss`. */
export const weightsUphill =
  (gamma: number): PerturbWeights =>
  (model, loss) => {
    const kernels = [...model.variables.values()].filter(({ rank }) => rank > 1);
    const originals = kernels.map((kernel) => tf.clone(kernel));
    tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, kernels);
      for (const kernel of kernels) {
        const slope = grads[kernel.name];
        const length = tf.norm(slope).dataSync()[0];
        if (length === 0) continue;
        const far = (gamma * tf.norm(kernel).dataSync()[0]) / length;
        kernel.assign(tf.add(kernel, tf.mul(slope, far)));
      }
    });
    return () => {
      for (const [i, kernel] of kernels.entries()) {
        kernel.assign(originals[i]);
        // Without it a step in place would move the kernel: recorded plans know where it lies.
        originals[i].dispose();
      }
    };
  };

export const awp = {
  phase: (adversary) => ({
    perturb: adversarialImages(adversary),
    perturbWeights: weightsUphill(GAMMA),
    objective: ({ logits, targets, temperature }) => crossEntropy(logits, targets, temperature),
  }),
} as const satisfies TrainingMethod;
