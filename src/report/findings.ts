/**
 * What a CI system shows of a record: gates that were missed, attacks that failed, flags and
 * verdicts, in one list.
 */
import { type EvaluationRecord, type FlagCode, gateText } from '../evaluation/index.ts';
import { failureText } from './record-facts.ts';
import { sentence } from './text.ts';

export interface Finding {
  /** `gate`, the code of a flag, or `verdict-` with a ruling. */
  readonly rule: string;
  /** `error` fails the job. */
  readonly level: 'error' | 'warning' | 'note';
  readonly model: string;
  /** One line. */
  readonly message: string;
}

/** Failed attacks are findings of their own: the flag that counts them is not shown beside them. */
const FAILED_ATTACK: FlagCode = 'failed-attack';

/** What each rule means, for systems that list rules. */
export function ruleText(rule: string, { flags }: EvaluationRecord): string {
  if (rule === 'gate') return 'A metric must meet the threshold that was set.';
  if (rule.startsWith('verdict-')) return 'What the evaluation is evidence for.';
  return sentence(flags.find(({ code }) => code === rule)?.advice ?? rule);
}

/** All findings, those that fail the job first. */
export function findingsOf({ gates, failures = [], flags, verdicts }: EvaluationRecord): Finding[] {
  const missed = gates.filter(({ met }) => !met);
  return [
    ...missed.map((gate) => ({
      rule: 'gate',
      level: 'error' as const,
      model: gate.model,
      message: sentence(gateText(gate)),
    })),
    ...failures.map((failure) => ({
      rule: FAILED_ATTACK,
      level: 'error' as const,
      model: failure.model,
      message: sentence(failureText(failure)),
    })),
    ...flags
      .filter(({ code }) => code !== FAILED_ATTACK)
      .map(({ code, model, severity, advice }) => ({
        rule: code,
        level: severity === 'serious' ? ('warning' as const) : ('note' as const),
        model,
        message: `${model}: ${code}: ${advice}`,
      })),
    ...verdicts.map(({ model, norm, eps, ruling, reason }) => ({
      rule: `verdict-${ruling}`,
      level: 'note' as const,
      model,
      message: `${model}${norm === null ? '' : ` (${norm} ${eps})`}: ${ruling}: ${reason}`,
    })),
  ];
}
