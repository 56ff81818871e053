/** An evaluation shared out among processes leaves the record of one process. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { writeTinyData } from '../experiments/tiny-data.ts';
import { saveBandModel } from './band-models.ts';
import { distill } from './distill.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-shards-e2e-'));
  await writeTinyData(home);
  for (const name of ['first', 'second']) await saveBandModel(join(home, name), false);
});
after(() => rm(home, { recursive: true }));

/** What is the same however long it took, and however it was called. */
const timeless = (key: string, value: unknown) =>
  ['seconds', 'startedAt', 'command'].includes(key) ? undefined : value;

it('evaluate --workers 1, 2 and 5 leave the same record and the same examples', async () => {
  const left = [];
  for (const workers of ['1', '2', '5']) {
    const out = `workers-${workers}`;
    const { code, stderr } = await distill(home, [
      ...['evaluate', '--data', 'bands.npz', '--model', 'first', 'second', '--quiet'],
      ...[
        '--attacks',
        'fgsm',
        'pgd',
        'square',
        'transfer',
        'deepfool',
        '--set',
        'square.queries=30',
      ],
      ...['--eps', '0.1', '0.2', '--save-examples', '--out', out, '--workers', workers],
    ]);
    assert.equal(code, 0, stderr);
    const record = await readFile(join(home, out, 'evaluation.json'), 'utf8');
    const examples = join(home, out, 'examples');
    const names = (await readdir(examples)).sort();
    const contents = await Promise.all(
      names.map((name) => readFile(join(examples, name), 'base64')),
    );
    left.push({ record: JSON.parse(record, timeless), names, contents });
  }
  assert.ok(left[0].record.attacks.length > 10);
  assert.deepEqual(left[1], left[0]);
  assert.deepEqual(left[2], left[0]);
});
