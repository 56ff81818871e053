/**
 * AdaAD: the attack looks for points at which student and teacher differ, and the student learns the
 * teacher's answers there.
 *
 * Paper: Huang et al. 2023, "Boosting Accuracy and Robustness of Student Models via Adaptive Adversarial
 * Distillation". Loss: KL(T(x') || S(x')) at T = 1; inner maximization: the same, with the slope through
 * both networks, from x and a little noise.
 * Cost: that of PGD training, and as many passes of the teacher.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Oracle } from '../../attacks/index.ts';
import { divergencesFrom } from '../loss.ts';
import { required, type TrainingMethod } from './method.ts';
import { disagreementSlopes, noisyAscent } from './soft-ascent.ts';

export const adaad = {
  needsPlainSoftLabels: true,
  needsTeacher: true,
  phase: (adversary, teacher) => ({
    perturb: (step) => {
      const student = new Oracle(step.model.classifier('in training'));
      const other = new Oracle(required(teacher));
      return noisyAscent(adversary, step, student, async (points) => {
        const wanted = await other.logits(points);
        const slopes = { student: new Float32Array(0), teacher: new Float32Array(0) };
        const own = await student.backward(points, (logits) => {
          Object.assign(slopes, disagreementSlopes(logits, wanted, student.classes));
          return slopes.student;
        });
        const { gradient } = await other.backward(points, () => slopes.teacher);
        return { ...own, gradient: own.gradient.map((value, i) => value + gradient[i]) };
      });
    },
    objective: ({ logits, shown }) =>
      tf.tidy(() => {
        const wanted = tf.softmax(required(teacher).logits(shown)) as tf.Tensor2D;
        return tf.mean(divergencesFrom(wanted, logits, 1));
      }),
  }),
} as const satisfies TrainingMethod;
