import { GateError } from '../errors.ts';
import type { EvaluationRecord } from './records.ts';

/** Bars that a record must meet; each holds for every model in it. Shares in [0, 1]. */
export interface Gates {
  readonly minAccuracy?: number | undefined;
  /** Of the worst case over the record's attacks, where it has one, else of each attack. */
  readonly minRobustAccuracy?: number | undefined;
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

/**
 * Holds a record against the bars.
 * @throws GateError naming the first figure that falls short
 */
export function checkGates(record: EvaluationRecord, gates: Gates): void {
  for (const { model, figure, rate } of record.summary) {
    const bar = figure === 'accuracy' ? gates.minAccuracy : gates.minRobustAccuracy;
    if (bar === undefined || rate >= bar) continue;
    throw new GateError('gate', `${figure} of ${model} is ${percent(rate)}, below ${percent(bar)}`);
  }
  if (gates.minRobustAccuracy === undefined) return;
  if (record.summary.every(({ figure }) => figure === 'accuracy')) {
    throw new GateError('gate', 'there is no accuracy under attack to hold against the bar');
  }
}
