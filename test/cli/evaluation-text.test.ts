/** A terminal of 80 columns and 24 rows: nothing is wrapped by it, and the answer is in view. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { evaluationText } from '../../src/cli/evaluation-text.ts';
import { runSummary } from '../../src/cli/run-summary.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import type { EvaluationRecord } from '../../src/evaluation/index.ts';
import { answerOf, headline } from '../../src/report/answer.ts';
import { completeRecord, unattacked } from '../report/complete.ts';
import { handmade } from '../report/handmade.ts';
import { smallRecord } from '../report/records.ts';

const COLUMNS = 80;
/** Rows, without those of the record's path, the next command and the prompt. */
const ROWS = 24 - 4;

const STEPS = ['baseline', 'teacher', 'soft labels', 'student', 'attack', 'evaluate', 'report'].map(
  (step) => ({ step, seconds: 3599, upToDate: false }),
);

/** Commands to copy are the terminal's to wrap: they are not broken here. */
const isCommand = (line: string) => /^\s*to settle it: /.test(line);

async function recordsOf(): Promise<EvaluationRecord[]> {
  const { record, home } = await completeRecord();
  await rm(home, { recursive: true });
  return [handmade, unattacked, record, await smallRecord()];
}

describe('in a terminal of 80 x 24', () => {
  it('no line is longer, so that no word is broken, and the answer is on the last screen', async () => {
    const terminal = new Terminal({});
    for (const record of await recordsOf()) {
      const [first] = headline(answerOf(record)).split(' stay ');
      for (const text of [
        evaluationText(record, terminal),
        runSummary(record, STEPS, 9000, terminal),
      ]) {
        const lines = stripVTControlCharacters(text).split('\n');
        for (const line of lines.filter((one) => !isCommand(one))) {
          assert.ok(line.length <= COLUMNS, `${line.length}: ${line}`);
        }
        const last = lines.slice(-ROWS).join(' ').replace(/\s+/g, ' ');
        assert.ok(last.includes(first), `${first}\nis not in\n${last}`);
      }
    }
  });
});
