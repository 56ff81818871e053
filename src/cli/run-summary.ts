/** What `distill run` ends with: one screen of results. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import { readRecord } from '../report/index.ts';
import { shortEvaluationText } from './evaluation-text.ts';
import type { StepRecord } from './run-steps.ts';
import { duration, type Terminal } from './terminal.ts';
import { wrapped } from './wrapping.ts';

/** The record at `path` if it was made from the same models, data and settings and no attack failed. */
export async function readMatchingRecord(
  path: string,
  inputsDigest: string,
): Promise<EvaluationRecord | undefined> {
  try {
    const record = await readRecord(path);
    const isSame = record.configuration.inputsDigest === inputsDigest;
    return isSame && !record.failures ? record : undefined;
  } catch {
    return undefined; // missing or damaged: it is made again
  }
}

/** Accuracy, accuracy under attack, what they mean, and how long each step took. */
export function runSummary(
  record: EvaluationRecord,
  steps: readonly StepRecord[],
  seconds: number,
  terminal: Terminal,
): string {
  const times = steps.map(({ step, seconds: taken, upToDate }) =>
    upToDate ? `${step} up to date` : `${step} ${duration(taken)}`,
  );
  return [
    ...shortEvaluationText(record, terminal),
    '',
    ...wrapped(`Time: ${times.join(', ')}; ${duration(seconds)} in all.`, terminal.width),
  ].join('\n');
}
