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
import { valuesOf } from '../../engine/index.ts';
import { adversarialImages } from '../adversarial.ts';
import type { PerturbWeights } from '../fit.ts';
import { crossEntropy } from '../loss.ts';
import type { TrainingMethod } from './method.ts';

/** The authors' for PGD training. */
const GAMMA = 0.01;

/** Moves every kernel by `gamma` of its length along the gradient of `loss`. */
export const weightsUphill =
  (gamma: number): PerturbWeights =>
  async (model, loss) => {
    const kernels = [...model.variables.values()].filter(({ rank }) => rank > 1);
    const originals = kernels.map((kernel) => tf.clone(kernel));
    const slopes = tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, kernels);
      return kernels.map(({ name }) => grads[name]);
    });
    const lengths = await valuesOf(() => tf.stack([...slopes, ...kernels].map((x) => tf.norm(x))));
    for (const [i, kernel] of kernels.entries()) {
      if (lengths[i] === 0) continue;
      const far = (gamma * lengths[kernels.length + i]) / lengths[i];
      tf.tidy(() => kernel.assign(tf.add(kernel, tf.mul(slopes[i], far))));
    }
    tf.dispose(slopes);
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
