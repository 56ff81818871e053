/** The verdict on each model's robustness, given the flags. */
import { percent } from '../numbers.ts';
import { isAdaptive, LARGE_EPS, ruleOf } from './flags.ts';
import { robustAccuracy } from './paired-tests.ts';
import type { EvaluationRecord, EvaluationRequest, ModelRecord, Verdict } from './records.ts';
import { aimsAnywhere, threatsOf } from './worst-case.ts';

type Judged = Omit<EvaluationRecord, 'verdicts' | 'gates'>;

/**
 * One verdict a model. A model that has a serious flag and was attacked only with what the flag
 * defeats gets none: `settled` is false, and `request` would settle it. Where the model itself is
 * in the way (random answers, masked gradients), no evaluation can: the reason says so.
 */
export function reachVerdicts(record: Judged): Verdict[] {
  return record.models.map((model) => {
    const { name } = model;
    const open = (reason: string, request: EvaluationRequest | null): Verdict => ({
      model: name,
      settled: false,
      reason,
      request,
    });
    const codes = record.flags
      .filter((flag) => flag.model === name && flag.severity === 'serious')
      .map(({ code }) => code);
    const own = record.attacks.filter((attack) => attack.model === name && aimsAnywhere(attack));
    if (own.length === 0) return open('no untargeted attack was run', settling(record, model));
    const unsettled = codes.filter((code) => !ruleOf(code)?.settledByAdaptiveAttacks);
    const isSettled = codes.length === 0 || (unsettled.length === 0 && own.some(isAdaptive));
    if (!isSettled) {
      const reason = `${codes.join(', ')}: these attacks cannot tell how robust it is`;
      return unsettled.some((code) => ruleOf(code)?.kind === 'cause')
        ? open(`${reason}, and no attack here could: see the advice of the flag`, null)
        : open(reason, settling(record, model));
    }
    const worst = record.worstCases
      .filter((found) => found.model === name)
      .map((found) => `${robustAccuracy(found)} at most ${percent(found.rate)}`)
      .join(', ');
    const raised =
      codes.length > 0 ? ` (${codes.join(', ')} raised, adaptive attacks were run)` : '';
    return {
      model: name,
      settled: true,
      reason: `${worst || 'distances only'}${raised}`,
      request: null,
    };
  });
}

/** The evaluation of one model, of the same images and budgets, that is stronger than this one. */
function settling(record: Judged, { folder }: ModelRecord): EvaluationRequest {
  const { configuration, attacks, data, seed } = record;
  const threats = threatsOf(attacks).filter(({ norm, eps }) => eps < LARGE_EPS[norm]);
  const [norm = 'Linf'] = threats.map((threat) => threat.norm);
  return {
    model: folder,
    attacks:
      configuration.preset === 'standard'
        ? { names: ['autoattack', 'fmn'], losses: null, settings: [] }
        : { preset: 'standard' },
    data: typeof configuration.data === 'string' ? configuration.data : null,
    norm,
    eps: threats.filter((threat) => threat.norm === norm).map(({ eps }) => eps),
    samples: typeof configuration.samples === 'number' ? configuration.samples : data.labels.length,
    seed,
  };
}
