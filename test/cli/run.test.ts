/** What `distill run` says of its steps. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temperatureNotes } from '../../src/cli/actions/run.ts';
import { shortEvaluationText } from '../../src/cli/evaluation-text.ts';
import { lazily } from '../../src/cli/lazily.ts';
import { RunSteps } from '../../src/cli/run-steps.ts';
import { readMatchingRecord, runSummary } from '../../src/cli/run-summary.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { smallRecord } from '../report/records.ts';

describe('a step', () => {
  const runStep = async (force: boolean, old: string | undefined) => {
    const notes: string[] = [];
    const calls: string[] = [];
    const steps = new RunSteps({ note: (text) => notes.push(text) }, force);
    const result = await steps.do({
      name: 'teacher',
      reuse: async () => {
        calls.push('reuse');
        return old;
      },
      work: async () => {
        calls.push('work');
        return 'new';
      },
      describe: (made) => `the ${made} one`,
    });
    const [{ step, upToDate, seconds }] = steps.records;
    assert.equal(step, 'teacher');
    assert.ok(seconds >= 0 && seconds < 10);
    return { result, calls, upToDate, notes };
  };

  it('is skipped when what it left is up to date', async () => {
    assert.deepEqual(await runStep(false, 'old'), {
      result: 'old',
      calls: ['reuse'],
      upToDate: true,
      notes: ['the old one (up to date)'],
    });
  });

  it('is done when nothing is left, and always with --force', async () => {
    const done = { result: 'new', upToDate: false, notes: ['the new one (0.0 s)'] };
    assert.deepEqual(await runStep(false, undefined), { ...done, calls: ['reuse', 'work'] });
    assert.deepEqual(await runStep(true, 'old'), { ...done, calls: ['work'] });
  });
});

describe('the summary of a run', () => {
  it('ends with the steps in their order, and how long they took', async () => {
    const record = await smallRecord();
    const names = ['baseline', 'teacher', 'soft labels', 'student', 'attack', 'evaluate', 'report'];
    const steps = names.map((step, i) => ({ step, seconds: 30 * i, upToDate: i % 2 === 0 }));
    const terminal = new Terminal({});
    const lines = runSummary(record, steps, 630.5, terminal).split('\n');
    assert.deepEqual(lines.slice(-4), [
      '',
      'Time: baseline up to date, teacher 30 s, soft labels up to date, student 1 min',
      '30 s, attack up to date, evaluate 2 min 30 s, report up to date; 10 min 31 s in',
      'all.',
    ]);
    assert.equal(lines.slice(0, -4).join('\n'), shortEvaluationText(record, terminal).join('\n'));
  });
});

describe('the notes on temperature', () => {
  it('say where the recipe is flat in T, and that T = 1 distills nothing', () => {
    assert.deepEqual(temperatureNotes({ temperature: 40, outputScaling: false }), []);
    assert.match(
      temperatureNotes({ temperature: 40, outputScaling: true })[0],
      /flat in T by design/,
    );
    for (const outputScaling of [true, false]) {
      assert.match(
        temperatureNotes({ temperature: 1, outputScaling }).join(),
        /^at T = 1 the teacher is trained as the baseline is/,
      );
    }
  });
});

describe('a record of an earlier run', () => {
  it('is used only if it was made from the same inputs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'distill-record-'));
    const path = join(folder, 'evaluation.json');
    const record = { ...(await smallRecord()), configuration: { inputsDigest: 'abc' } };
    assert.equal(await readMatchingRecord(path, 'abc'), undefined);
    await writeFile(path, JSON.stringify(record));
    assert.deepEqual(await readMatchingRecord(path, 'abc'), record);
    assert.equal(await readMatchingRecord(path, 'abd'), undefined);
    const failures = [{ model: 'base', attack: 'pgd', message: 'no logits' }];
    await writeFile(path, JSON.stringify({ ...record, failures }));
    assert.equal(await readMatchingRecord(path, 'abc'), undefined, 'an attack failed');
    await writeFile(path, '{');
    assert.equal(await readMatchingRecord(path, 'abc'), undefined);
    await rm(folder, { recursive: true });
  });
});

describe('an action', () => {
  it('is loaded when it is called, and gets all arguments', async () => {
    const calls: unknown[] = [];
    let loads = 0;
    const action = lazily(async () => {
      loads++;
      return {
        action: async (source: string, flags: { out: string }) => {
          calls.push([source, flags]);
        },
      };
    });
    assert.equal(loads, 0);
    await action('model', { out: 'folder' });
    assert.equal(loads, 1);
    assert.deepEqual(calls, [['model', { out: 'folder' }]]);
  });
});
