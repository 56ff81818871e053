/** Runs are kept, listed, shown, compared and pruned, as a user does it. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Comparison, KeptRun } from '../../src/experiments/index.ts';
import { readModelCard } from '../../src/models/index.ts';
import { TINY, writeTinyData } from '../experiments/tiny-data.ts';
import { distill } from './distill.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-runs-e2e-'));
  await writeTinyData(home);
});
after(() => rm(home, { recursive: true }));

/** What a command prints as JSON. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await distill(home, [...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}
const listed = async (...args: string[]) =>
  (await json<{ runs: (KeptRun & { folder: string })[] }>('list', ...args)).runs;

describe('every training and measurement', () => {
  it('leaves a run, and a training that replaces a model leaves the old one there', async () => {
    const train = ['train-teacher', '--data', 'bands.npz', ...TINY, '--out', 'model', '--quiet'];
    const [{ digest }] = [await json<{ digest: string }>(...train, '--temperature', '1')];
    const again = await json<{ digest: string }>(...train, '--temperature', '20');
    const runs = await listed();
    assert.deepEqual(
      runs.map(({ kind, digests }) => [kind, digests.baseline ?? digests.teacher]),
      [
        ['train-baseline', digest],
        ['train-teacher', again.digest],
      ],
    );
    const old = await readModelCard(join(home, runs[0].folder, 'model'));
    assert.equal(old.digest, digest, 'the weights that were replaced');
    for (const [i, { folder }] of runs.entries()) {
      const measured = ['evaluate', '--data', 'bands.npz', '--model', join(folder, 'model')];
      const attacks = ['--attacks', 'fgsm', '--eps', '0.1', '--samples', '20', '--quiet'];
      await json(...measured, ...attacks, '--out', `evaluation-${i}`);
    }
    assert.deepEqual(
      (await listed('--sort', 'kind')).map(({ kind }) => kind),
      ['evaluate', 'evaluate', 'train-baseline', 'train-teacher'],
    );
    assert.equal((await listed('--where', 'kind=evaluate', 'temperature>1')).length, 1);
    const elsewhere = [...train, '--temperature', '1', '--runs', 'other'];
    await json(...elsewhere);
    assert.equal((await listed()).length, 4);
    assert.equal((await listed('--runs', 'other')).length, 1);
  });

  it('can be shown, and two of them compared image by image', async () => {
    const [one, other] = await listed('--where', 'kind=evaluate');
    const { folder: _, ...run } = await json<KeptRun & { folder: string }>('show', one.id);
    assert.equal(run.id, one.id);
    const shown = await distill(home, ['show', one.id]);
    assert.match(shown.stdout, /To repeat it\n {2}distill evaluate --data bands\.npz/);
    assert.match(shown.stderr, /next: distill report --from runs\/.*evaluation\.json/);
    const compared = await json<Comparison>('compare', one.id, other.id);
    assert.deepEqual(
      compared.configuration.filter(({ name }) => name === 'temperature'),
      [{ name: 'temperature', first: 1, second: 20 }],
    );
    assert.equal(compared.untested, null);
    assert.ok(compared.tests.some(({ metric }) => metric === 'accuracy'));
    const text = await distill(home, ['compare', one.id, other.id]);
    assert.match(text.stdout, /Settings that differ[\s\S]*temperature[\s\S]*McNemar/);
  });

  it('is deleted only when that was said', async () => {
    const before = await readdir(join(home, 'runs'));
    const asked = ['prune', '--where', 'kind=evaluate'];
    const named = await distill(home, asked);
    assert.match(named.stdout, /would be deleted: 2 folders/);
    assert.match(named.stderr, /next: distill prune --where kind=evaluate --yes/);
    assert.deepEqual(await readdir(join(home, 'runs')), before);
    await json(...asked, '--yes');
    assert.deepEqual(
      (await listed()).map(({ kind }) => kind),
      ['train-baseline', 'train-teacher'],
    );
  });

  it('refuses what it cannot find or read', async () => {
    for (const [args, message] of [
      [['show', 'nothing'], /error: no run below runs is named nothing\nhint: /],
      [['compare', 'train', 'train-teacher'], /error: 2 runs below runs are named like train/],
      [['list', '--where', 'temperature'], /error: a condition is name=value/],
      [['prune', '--older-than', 'old'], /error: --older-than takes a number/],
    ] as const) {
      const { code, stderr } = await distill(home, args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
