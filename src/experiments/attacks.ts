/**
 * The attacks on the student of every trial: enough to tell a gradient that vanishes from robustness,
 * and little enough to be run on many students. A verdict takes more: `presetAttacks`.
 */
import type { Dataset } from '../data/index.ts';
import { namedAttacks, type PlannedAttack } from '../evaluation/index.ts';
import { reproductionNamed } from './reproductions/registry.ts';
import { subjectAt } from './reproductions/reproduction.ts';
import type { TrialSettings } from './trial.ts';

/** The attacks of a trial: a paper's, or those below. */
export function attacksOf(
  { paper, isUndistilled, training, eps }: TrialSettings,
  data: Pick<Dataset, 'classes' | 'shape'>,
): PlannedAttack[] {
  if (paper === undefined) return trialAttacks(eps, data.classes);
  const subject = subjectAt(isUndistilled ? null : training.temperature);
  return reproductionNamed(paper).attacks(subject, data);
}

/** What must be broken by attacks on a loss that cannot vanish, and by one without gradients. */
function trialAttacks(eps: number, classes: number): PlannedAttack[] {
  const scope = { norm: 'Linf', budgets: [eps], source: 'student', classes } as const;
  const steps = [{ option: 'steps', values: [100] }];
  const queries = [{ option: 'queries', values: [100] }];
  return [
    ...namedAttacks({ names: ['fgsm', 'pgd'], losses: ['softmax'] }, scope),
    ...namedAttacks({ names: ['pgd'], losses: ['margin'] }, scope),
    ...namedAttacks({ names: ['apgd'], losses: ['margin'], settings: steps }, scope),
    ...namedAttacks({ names: ['square'], settings: queries }, scope),
  ];
}
