/** `check` ends as `evaluate` does: the same files, line and exit code, also where an attack fails. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeBands } from '../../scripts/pack/use.mjs';
import { parseRecord } from '../../src/evaluation/index.ts';
import { saveBandModel } from './band-models.ts';
import { distill } from './distill.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distill-check-'));
  writeBands(join(folder, 'bands'));
  await saveBandModel(join(folder, 'models', 'steady'), false);
  await saveBandModel(join(folder, 'models', 'brittle'), true);
});
after(() => rm(folder, { recursive: true }));

/** Runs a command on a model, and reads what it left for CI, times apart. */
async function measured(command: 'check' | 'evaluate', model: string, flags: readonly string[]) {
  const out = join('report', `${command}-${model}`);
  const subject = command === 'check' ? [`models/${model}`] : ['--model', `models/${model}`];
  const { code, stdout, stderr } = await distill(folder, [
    ...[command, ...subject, '--data', 'bands', '--preset', 'quick', '--eps', '0.05'],
    ...['--samples', '6', '--threads', '1', '--out', out],
    ...['--junit', join(out, 'junit.xml'), '--sarif', join(out, 'distill.sarif'), ...flags],
  ]);
  const read = (file: string) => readFile(join(folder, out, file), 'utf8');
  const junit = (await read('junit.xml')).replace(/ (timestamp|time)="[^"]*"/g, '');
  const record = parseRecord(await read('evaluation.json'));
  return { outcome: { code, stdout, stderr, junit, sarif: await read('distill.sarif') }, record };
}

describe('check', () => {
  it('ends as evaluate does where a gate is missed', async () => {
    const flags = ['--log', 'github', '--gate', 'accuracy < 0.001'];
    const checked = await measured('check', 'steady', flags);
    const evaluated = await measured('evaluate', 'steady', flags);
    assert.deepEqual(checked.outcome, evaluated.outcome);
    assert.equal(checked.outcome.code, 1, checked.outcome.stderr);
    assert.match(
      checked.outcome.stdout,
      /^::error title=distill%3A gate::[\s\S]*; 0 of 1 gates met;/,
    );
    assert.deepEqual(checked.record.gates, evaluated.record.gates);
  });

  it('ends as evaluate does where attacks fail, and names them wherever a result is read', async () => {
    const checked = await measured('check', 'brittle', ['--log', 'github']);
    const evaluated = await measured('evaluate', 'brittle', ['--log', 'github']);
    assert.deepEqual(checked.outcome, evaluated.outcome);
    const { code, stdout, stderr, junit, sarif } = checked.outcome;
    assert.equal(code, 3, stderr);
    const failures = checked.record.failures ?? [];
    const { length } = failures;
    assert.ok(length > 0 && length < checked.record.attacks.length);
    assert.ok(failures.some(({ attack }) => attack.startsWith('pgd Linf 0.5 margin')));
    assert.match(junit, new RegExp(`tests="${length}" failures="0" errors="${length}"`));
    assert.match(stdout, new RegExp(`; ${length} failed attacks;`));
    const page = await readFile(join(folder, 'report/check-brittle/index.html'), 'utf8');
    const record = 'report/check-brittle/evaluation.json';
    const card = await distill(folder, ['card', 'models/brittle', '--from', record]);
    for (const { attack } of failures) {
      assert.ok(junit.includes(`<testcase name="${attack}" classname="brittle"`), attack);
      assert.ok(stderr.includes(`${attack} on brittle: `), stderr);
      for (const text of [junit, sarif, stdout, page]) {
        assert.ok(text.includes(`attack ${attack} on brittle ended with an error: `), attack);
      }
      assert.ok(card.stdout.includes(`- ${attack}: `), card.stdout);
    }
  });
});
