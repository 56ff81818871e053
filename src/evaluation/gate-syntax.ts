/** How gates are written. Loads nothing heavy, so that the command line can check gates at once. */
import { UserError } from '../errors.ts';
import { numberText } from '../numbers.ts';

export const COMPARISONS = ['>=', '<=', '>', '<'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** What a threshold is held against: the metric itself, or the worse end of its 95 % interval. */
export const GATE_ENDS = ['estimate', 'interval'] as const;
export type GateEnd = (typeof GATE_ENDS)[number];

/** Findings that the short forms make gates of. */
export const FAILURES = ['serious', 'note', 'no-verdict'] as const;
export type Failure = (typeof FAILURES)[number];

/** A threshold that one metric of one model, or of every model that has it, must meet. */
export interface Gate {
  /** As the user wrote it. */
  readonly text: string;
  /** Absent: every model. */
  readonly model?: string;
  /** In its normal form; see `normalMetric`. */
  readonly metric: string;
  readonly comparison: Comparison;
  readonly threshold: number;
}

/** Such as `0.0314` for `8/255`; anything that is no fraction stays as it is. */
function decimalOf(word: string): string {
  const [, top, bottom] = /^([\d.]+)\/([\d.]+)$/.exec(word) ?? [];
  return top === undefined ? word : numberText(Number(top) / Number(bottom));
}

/** One spelling for all ways to write a metric: case, brackets, commas and spaces do not matter. */
export function normalMetric(text: string): string {
  const words = text.toLowerCase().replace(/[(),]/g, ' ').trim().split(/\s+/);
  return words.map(decimalOf).join(' ');
}

/**
 * Reads a gate such as `student: accuracy >= 99 %`, `*: robust accuracy (Linf 0.1) >= 0.5` or
 * `serious flags <= 0`. Which metrics there are is for `checkGateMetrics` to say.
 * @throws UserError `bad-gate`
 */
export function parseGate(text: string): Gate {
  const [, left, sign, number, percent] =
    /^\s*(.+?)\s*(>=|<=|>|<)\s*(-?[\d.]+(?:e-?\d+)?)\s*(%?)\s*$/i.exec(text) ?? [];
  const threshold = Number(number) / (percent ? 100 : 1);
  const comparison = COMPARISONS.find((one) => one === sign);
  if (left === undefined || comparison === undefined || !Number.isFinite(threshold)) {
    throw new UserError('bad-gate', `a gate reads 'model: metric >= threshold', not "${text}"`, {
      hint: "such as 'student: accuracy >= 0.99' or '*: robust accuracy (Linf 0.1) >= 50 %'; compare with >=, <=, > or <",
    });
  }
  const [, model, metric] = /^(.*?):\s+(.*)$/.exec(left) ?? [undefined, '*', left];
  return {
    text: text.trim(),
    ...(model !== '*' && { model }),
    metric: normalMetric(metric),
    comparison,
    threshold,
  };
}

/** The gates that the short forms mean. */
export function shortGates(flags: {
  readonly minAccuracy?: number | undefined;
  readonly minRobustAccuracy?: number | undefined;
  readonly minCertifiedAccuracy?: number | undefined;
  readonly failOn?: readonly Failure[] | undefined;
}): Gate[] {
  const texts = [
    ...(flags.minAccuracy === undefined ? [] : [`accuracy >= ${flags.minAccuracy}`]),
    ...(flags.minRobustAccuracy === undefined
      ? []
      : [`robust accuracy >= ${flags.minRobustAccuracy}`]),
    ...(flags.minCertifiedAccuracy === undefined
      ? []
      : [`certified accuracy >= ${flags.minCertifiedAccuracy}`]),
    ...(flags.failOn ?? []).map((failure) => FAILURE_GATES[failure]),
  ];
  return texts.map(parseGate);
}

const FAILURE_GATES: Readonly<Record<Failure, string>> = {
  serious: 'serious flags <= 0',
  note: 'flags <= 0',
  'no-verdict': 'open verdicts <= 0',
};
