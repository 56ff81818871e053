/** What may be said of a model's robustness, given the flags. */
import { CAUSES, isAdaptive, LARGE_EPS } from './flags.ts';
import { budgetText } from './names.ts';
import { robustAccuracy } from './paired-tests.ts';
import type { EvaluationRecord, Verdict } from './records.ts';
import { aimsAnywhere, threatsOf } from './worst-case.ts';

type Judged = Omit<EvaluationRecord, 'verdicts' | 'gates'>;

/** What attacks that do not need the gradient of cross-entropy can settle. */
const SETTLED_BY_ADAPTIVE_ATTACKS = ['vanished-gradients'];

/**
 * One verdict a model. A model that has a serious flag and was attacked only with what the flag
 * defeats gets none: `settled` is false, and `command` would settle it. Where the model itself is
 * in the way (random answers, masked gradients), no command can: the reason says so.
 */
export function reachVerdicts(record: Judged): Verdict[] {
  return record.models.map(({ name, folder }) => {
    const codes = record.flags
      .filter(({ model, severity }) => model === name && severity === 'serious')
      .map(({ code }) => code);
    const own = record.attacks.filter((attack) => attack.model === name && aimsAnywhere(attack));
    if (own.length === 0) {
      const command = settlingCommand(record, folder);
      return { model: name, settled: false, reason: 'no untargeted attack was run', command };
    }
    const causes = codes.join(', ');
    const settles =
      own.some(isAdaptive) && codes.every((code) => SETTLED_BY_ADAPTIVE_ATTACKS.includes(code));
    if (codes.length > 0 && !settles) {
      const isOfModel = codes.some(
        (code) =>
          CAUSES.some((cause) => cause === code) && !SETTLED_BY_ADAPTIVE_ATTACKS.includes(code),
      );
      return {
        model: name,
        settled: false,
        reason: `${causes}: these attacks cannot tell how robust it is${isOfModel ? ', and no attack here could: see the advice of the flag' : ''}`,
        command: isOfModel ? null : settlingCommand(record, folder),
      };
    }
    const worst = record.worstCases
      .filter(({ model }) => model === name)
      .map((found) => `${robustAccuracy(found)} at most ${(100 * found.rate).toFixed(2)} %`)
      .join(', ');
    const seen = codes.length > 0 ? ` (${causes} seen, adaptive attacks were run)` : '';
    return {
      model: name,
      settled: true,
      reason: `${worst || 'distances only'}${seen}`,
      command: null,
    };
  });
}

/** The evaluation of one model, of the same images and budgets, that is stronger than this one. */
function settlingCommand({ configuration, attacks }: Judged, folder: string): string {
  const { preset, data, samples } = configuration;
  const threats = threatsOf(attacks).filter(({ norm, eps }) => eps < LARGE_EPS[norm]);
  const [norm = 'Linf'] = threats.map((threat) => threat.norm);
  const budgets = threats
    .filter((threat) => threat.norm === norm)
    .map(({ eps }) => budgetText(eps));
  return [
    'distill evaluate',
    preset === 'standard' ? '--attacks autoattack fmn' : '--preset standard',
    `--model ${folder}`,
    ...(data === undefined || data === 'mnist' ? [] : [`--data ${data}`]),
    ...(norm === 'Linf' ? [] : [`--norm ${norm}`]),
    ...(budgets.length === 0 ? [] : [`--eps ${budgets.join(' ')}`]),
    ...(samples === undefined || samples === 1000 ? [] : [`--samples ${samples}`]),
  ].join(' ');
}
