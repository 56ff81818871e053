/** What follows from the measurements of a record, and from nothing else. */
import { raiseFlags } from './flags.ts';
import { pairedTests } from './paired-tests.ts';
import type { EvaluationRecord } from './records.ts';
import { reachVerdicts } from './verdicts.ts';
import { worstCases } from './worst-case.ts';

/** A record without its conclusions. */
export type Measurements = Omit<
  EvaluationRecord,
  'worstCases' | 'tests' | 'flags' | 'verdicts' | 'gates'
>;

/** Worst cases, tests, flags and verdicts; no gates yet. */
export function conclude(measured: Measurements): EvaluationRecord {
  const { models, attacks, data } = measured;
  const record: EvaluationRecord = {
    ...measured,
    worstCases: worstCases(models, attacks, data.labels),
    tests: pairedTests(models, attacks, data.labels),
    flags: [],
    verdicts: [],
    gates: [],
  };
  const flagged = { ...record, flags: raiseFlags(record) };
  return { ...flagged, verdicts: reachVerdicts(flagged) };
}
