/** What a method of robust training is: the images that a step learns from, and what it minimizes. */
import type { Classifier } from '../../models/index.ts';
import type { Adversary } from '../adversarial.ts';
import type { Phase } from '../fit.ts';

/** What a method changes about a phase: `perturb` is the inner maximization, `objective` the loss. */
export type RobustPhase = Required<Pick<Phase, 'perturb'>> &
  Pick<Phase, 'objective' | 'weigh' | 'perturbWeights' | 'state'>;

export interface TrainingMethod {
  /** Whether it is defined for soft labels at T = 1 only. */
  readonly needsPlainSoftLabels?: true;
  /** Whether it asks the teacher about attacked images: soft labels say nothing of those. */
  readonly needsTeacher?: true;
  /** Whether it asks a second teacher, a robust one, instead. */
  readonly needsRobustTeacher?: true;
  /** @param teacher of methods that need one */
  phase(adversary: Adversary, teacher?: Classifier): RobustPhase;
}

/** @throws Error when there is none */
export function required(teacher: Classifier | undefined): Classifier {
  if (teacher) return teacher;
  throw new Error('this method needs a teacher');
}
