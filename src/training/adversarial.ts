/**
 * Adversarial training: every step learns from images attacked against the model as it is then.
 *
 * Papers: Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial Attacks" (PGD
 * in the loop); Wong, Rice & Kolter 2020, "Fast is better than free" (one step of 1.25 eps from a
 * random start); Goldblum et al. 2020, "Adversarially Robust Distillation" (a student on attacked
 * images with a robust teacher's soft labels of the clean ones).
 */
import { ascend, Oracle } from '../attacks/index.ts';
import type { Perturb } from './fit.ts';
import type { MethodName } from './settings.ts';

/** The attack in the loop, in Linf, and what is learned from it. */
export interface Adversary {
  /** Budget in pixel values [0, 1]. */
  readonly eps: number;
  /** Gradient steps of the attack; `fast` takes one. */
  readonly steps: number;
  /** Absent: `pgd`, of a student `ard`. */
  readonly method?: MethodName;
  /** Of `mtard`: the model folder of its robust teacher; the soft labels are a clean one's. */
  readonly robustTeacher?: string;
}

/**
 * Share of the training over which the budget grows from 0 to eps: at eps = 0.3 from the first step
 * on, a network often learns nothing but the most frequent class.
 */
const WARM_UP = 0.2;

/** Share of the budget by the share of the training that is done. */
export const rampAt = (progress: number): number => Math.min(1, progress / WARM_UP);

/** Length of one step of the attack: 1.25 eps for a single one, else 2.5 eps / steps. */
export function stepSize(eps: number, steps: number): number {
  return steps === 1 ? 1.25 * eps : (2.5 * eps) / steps;
}

/**
 * Replaces the images of a training step by attacked ones. The attack maximizes the training loss
 * (cross-entropy at the model's temperature) and does not stop early: training needs the worst
 * case, not the first misclassified image.
 * @param ramp share of the budget by the share of the training that is done
 */
export function adversarialImages({ eps: fullEps, steps }: Adversary, ramp = rampAt): Perturb {
  return ({ model, images, labels, progress, stream }) => {
    const eps = fullEps * ramp(progress);
    return ascend({
      oracle: new Oracle(model.classifier('in training')),
      batch: { images, labels, streams: Array.from(labels, (_, i) => stream.child(i)) },
      goal: { kind: 'untargeted' },
      threat: { norm: 'Linf', eps },
      loss: 'temperature',
      steps,
      stepSize: stepSize(eps, steps),
      restarts: 1,
      randomStart: true,
      momentum: 0,
      sparsity: 0,
      confidence: Number.POSITIVE_INFINITY,
    });
  };
}
