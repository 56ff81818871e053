/** What may be said of a model's robustness, given the flags. */
import { isAdaptive } from './flags.ts';
import type { EvaluationRecord, Verdict } from './records.ts';

/**
 * One verdict a model. A model that has a serious flag and was attacked only with what the flag
 * defeats gets none: `settled` is false, and `command` would settle it.
 */
export function reachVerdicts(record: Omit<EvaluationRecord, 'verdicts'>): Verdict[] {
  return record.models.map(({ name, folder }) => {
    const serious = record.flags.filter(
      ({ model, severity }) => model === name && severity === 'serious',
    );
    const own = record.attacks.filter(({ model, targets }) => model === name && !targets);
    const budgets = record.summary.filter(
      ({ model, figure }) => model === name && figure !== 'accuracy',
    );
    const worst = budgets
      .map(({ figure, rate }) => `${figure} at most ${(100 * rate).toFixed(2)} %`)
      .join(', ');
    if (own.length === 0) {
      return {
        model: name,
        settled: false,
        reason: 'no untargeted attack was run',
        command: `distill evaluate --preset standard --model ${folder}`,
      };
    }
    const causes = serious.map(({ code }) => code).join(', ');
    const settles =
      own.some(isAdaptive) && serious.every(({ code }) => code === 'vanished-gradients');
    if (serious.length > 0 && !settles) {
      return {
        model: name,
        settled: false,
        reason: `${causes}: these attacks cannot tell how robust it is`,
        command: `distill evaluate --preset standard --model ${folder}`,
      };
    }
    const seen = serious.length > 0 ? ` (${causes} seen, adaptive attacks were run)` : '';
    return {
      model: name,
      settled: true,
      reason: `${worst || 'distances only'}${seen}`,
      command: null,
    };
  });
}
