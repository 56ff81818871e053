/**
 * MTARD: two teachers. The student learns a clean teacher's answers to the images as they are, and a
 * robust teacher's to attacked ones; what falls behind weighs more.
 *
 * Paper: Zhao et al. 2022, "Enhanced Accuracy and Robustness via Multi-Teacher Adversarial Distillation".
 * Loss: w KL(C(x) || S(x)) + (1 - w) KL(R(x') || S(x')), both at T = 1, where C is the clean teacher, whose
 * soft labels are learned, and R the robust one. w begins at 1/2 and goes, by 0.025 of the way a step,
 * towards a / (a + b): what is left of the first divergence and of the second, as shares of their first
 * values. The authors' rate is ten times smaller after each of three cuts; inner maximization:
 * cross-entropy, by PGD.
 * Cost: one forward pass more than PGD training, and one of the robust teacher.
 */
import * as tf from '@tensorflow/tfjs-core';
import { adversarialImages } from '../adversarial.ts';
import { divergencesFrom } from '../loss.ts';
import { required, type TrainingMethod } from './method.ts';

const RATE = 0.025;

/** The weight of the clean teacher's divergence, and what it follows. */
export interface Balance {
  readonly weight: number;
  /** Divergences of the first step, from the clean teacher and from the robust one. */
  readonly first: readonly [clean: number, attacked: number] | undefined;
}

export const BALANCE: Balance = { weight: 0.5, first: undefined };

/** The balance after a step whose divergences are given. */
export function balanced(
  { weight, first }: Balance,
  now: readonly [clean: number, attacked: number],
): Balance & { readonly first: readonly [number, number] } {
  const [cleanThen, attackedThen] = first ?? now;
  const clean = now[0] / cleanThen;
  const attacked = now[1] / attackedThen;
  const wanted = clean / (clean + attacked);
  const moved = Number.isFinite(wanted) ? weight - RATE * (weight - wanted) : weight;
  // A checkpoint keeps float32.
  return { weight: Math.fround(moved), first: [cleanThen, attackedThen] };
}

export const mtard = {
  needsPlainSoftLabels: true,
  needsRobustTeacher: true,
  phase(adversary, teacher) {
    let balance = BALANCE;
    return {
      perturb: adversarialImages(adversary),
      objective: ({ model, logits, shown, images, targets }) =>
        tf.tidy(() => {
          const robust = tf.softmax(required(teacher).logits(shown)) as tf.Tensor2D;
          const attacked = tf.mean(divergencesFrom(robust, logits, 1));
          const clean = tf.mean(divergencesFrom(targets, model.logits(images), 1));
          return tf.stack([clean, attacked]) as tf.Tensor1D;
        }),
      weigh([clean, attacked]) {
        balance = balanced(balance, [clean, attacked]);
        return [balance.weight, 1 - balance.weight];
      },
      state: {
        save: () => Float32Array.of(balance.weight, ...(balance.first ?? [])),
        restore([weight, ...first]) {
          const [clean, attacked] = first;
          balance = { weight, first: first.length === 2 ? [clean, attacked] : undefined };
        },
      },
    };
  },
} as const satisfies TrainingMethod;
