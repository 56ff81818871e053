import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { distill } from './distill.ts';

describe('a trained model goes out and comes back', () => {
  let folder: string;
  let digest: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-formats-'));
    const args = ['--train-size', '110', '--epochs', '1', '--out', 'model', '--json', '--quiet'];
    const trained = await distill(folder, ['train-teacher', ...args]);
    assert.equal(trained.code, 0, trained.stderr);
    await cp(join(folder, 'model'), join(folder, 'foreign'), { recursive: true });
    await rm(join(folder, 'foreign', 'distill.json'));
    await writeFile(join(folder, 'noise.onnx'), Buffer.alloc(100, 0xff));
  });
  after(() => rm(folder, { recursive: true }));

  it('is written in every format', async () => {
    for (const format of ['tfjs', 'keras', 'onnx', 'npz']) {
      const flags = ['--model', 'model', '--format', format, '--out', `out.${format}`, '--json'];
      const { code, stdout, stderr } = await distill(folder, ['export', ...flags]);
      assert.equal(code, 0, stderr);
      digest = JSON.parse(stdout).digest;
      assert.match(digest, /^[0-9a-f]{64}$/);
    }
  });

  for (const source of ['model', 'out.tfjs', 'out.onnx', 'out.keras']) {
    it(`comes back from ${source} with the same weights, bit for bit`, async () => {
      const flags = [
        '--out',
        `back-${source}`,
        '--temperature',
        '40',
        '--input-range',
        '0,1',
        '--json',
      ];
      const { code, stdout, stderr } = await distill(folder, ['import', source, ...flags]);
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).digest, digest);
      const predict = ['predict', '--model', `back-${source}`, '--index', '0', '--json'];
      assert.equal((await distill(folder, predict)).code, 0);
    });
  }

  const mistakes: [what: string, args: string[], error: RegExp, hint?: RegExp][] = [
    ['no model', ['import', 'nowhere'], /no file or folder nowhere/, /correct the path/],
    ['a damaged model', ['import', 'noise.onnx'], /noise\.onnx: cannot be decoded/],
    [
      'a folder of others',
      ['import', 'model', '--out', '.'],
      /\. is the working folder/,
      /does not exist yet/,
    ],
    [
      'a range of one value',
      ['import', 'model', '--input-range', '1,1'],
      /--input-range takes two/,
    ],
    [
      'an unknown format',
      ['export', '--format', 'h5', '--out', 'x'],
      /h5/,
      /tfjs, keras, onnx, npz/,
    ],
    ['no format', ['export', '--out', 'x'], /--format/],
    [
      'a foreign folder',
      ['export', '--model', 'foreign', '--format', 'npz', '--out', 'x'],
      /foreign holds a saved_model\.pb but no distill\.json/,
      /distill import/,
    ],
  ];
  for (const [what, args, error, hint = /./] of mistakes) {
    it(`reports ${what} in one line, with a hint`, async () => {
      const { code, stderr } = await distill(folder, args);
      assert.equal(code, 2);
      const [, said, advice] = /^error: (.*)\nhint: (.*)\n$/m.exec(stderr) ?? [];
      assert.match(said, error);
      assert.match(advice, hint);
    });
  }
});
