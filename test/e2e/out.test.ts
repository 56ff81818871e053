import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeBands } from '../../scripts/pack/use.mjs';
import { saveBandModel } from './band-models.ts';
import { distill } from './distill.ts';

const SMALL = ['--train-size', '110', '--epochs', '1', '--quiet'];
const SOFT_LABELS = ['soft-labels', '--train-size', '110', '--quiet'];

/** Every command that replaces a whole folder, and the file by which it knows one of its own. */
const WRITERS: readonly [marker: string, args: readonly string[]][] = [
  ['distill.json', ['train-teacher', ...SMALL]],
  ['distill.json', ['train-adversarial', '--attack-steps', '1', ...SMALL]],
  ['distill.json', ['train-student', '--soft-labels', '../data/soft-labels', ...SMALL]],
  ['distill.json', ['import', '../models/teacher', '--input-range', '0,1', '--quiet']],
  ['soft-labels.json', [...SOFT_LABELS, '--teacher', '../models/teacher']],
  ['model.json', ['export', '--format', 'tfjs', '--model', '../models/teacher', '--quiet']],
];

describe('--out never costs a file that the program did not write', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-out-'));
    for (const args of [['train-teacher', ...SMALL], SOFT_LABELS]) {
      const { code, stderr } = await distill(folder, args);
      assert.equal(code, 0, stderr);
    }
  });
  after(() => rm(folder, { recursive: true }));

  /** Every file below a folder, with its contents. */
  const everything = async (place: string) => {
    const entries = await readdir(place, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
    return Promise.all(paths.map(async (path) => [path, await readFile(path, 'latin1')]));
  };

  /** What stands where the command is to write, seen from the folder it is called in. */
  const places: readonly [what: string, out: string, files: readonly string[], expected: RegExp][] =
    [
      ['a plain file', 'thesis.txt', ['thesis.txt'], /thesis\.txt is a file, not a/],
      ['a folder of others', 'precious', ['precious/sub/thesis.txt'], /it holds sub but no MARKER/],
      [
        'a folder of ours with a file of others',
        'mixed',
        ['mixed/MARKER', 'mixed/notes.txt'],
        /mixed holds notes\.txt, which this program did not put there/,
      ],
      ['the working folder', '.', ['notes.txt'], /\. is the working folder/],
      ['the folder that holds all models', '../models', [], /it holds teacher but no MARKER/],
    ];

  for (const [marker, args] of WRITERS) {
    const name = args[0] === 'export' ? 'export --format tfjs' : args[0];
    for (const [what, out, files, expected] of places) {
      it(`${name} refuses ${what}`, async () => {
        const place = await mkdtemp(join(folder, 'place-'));
        for (const file of files) {
          const path = join(place, file.replace('MARKER', marker));
          await mkdir(resolve(path, '..'), { recursive: true });
          await writeFile(path, 'mine');
        }
        const found = await everything(folder);
        const { code, stdout, stderr } = await distill(place, [...args, '--out', out]);
        assert.equal(code, 2, stderr);
        assert.equal(stdout, '');
        assert.match(
          stderr,
          /^error: [^\n]+\nhint: name a folder that does not exist yet[^\n]+\n$/,
        );
        assert.match(stderr, new RegExp(expected.source.replace('MARKER', marker)));
        assert.deepEqual(await everything(folder), found);
      });
    }
  }

  for (const [name, file] of [
    ['a model', 'kept/student/notes.txt'],
    ['the soft labels', 'kept/soft-labels/notes.txt'],
  ]) {
    it(`run refuses files of others in the place of ${name}, before it trains anything`, async () => {
      await mkdir(resolve(folder, file, '..'), { recursive: true });
      await writeFile(join(folder, file), 'mine');
      const { code, stderr } = await distill(folder, ['run', ...SMALL, '--models', 'kept']);
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        /^error: kept\/[a-z-]+ exists and is no [^\n]+ it holds notes\.txt[^\n]+\nhint: [^\n]+\n$/,
      );
      assert.deepEqual(await everything(join(folder, 'kept')), [[join(folder, file), 'mine']]);
      await rm(join(folder, 'kept'), { recursive: true });
    });
  }
});

describe('a folder of something else', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-report-'));
    await writeFile(join(folder, 'index.html'), 'mine');
  });
  after(() => rm(folder, { recursive: true }));

  for (const line of ['report --out .', 'check none --out .']) {
    it(`is refused before anything else: distill ${line}`, async () => {
      const { code, stderr } = await distill(folder, line.split(' '));
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^error: \. holds index\.html, and nothing of a report\nhint: name a folder/,
      );
      assert.deepEqual(await readdir(folder), ['index.html']);
    });
  }

  it('is none where evaluate left its record, a file for CI beside it', async () => {
    const place = await mkdtemp(join(folder, 'evaluated-'));
    writeBands(join(place, 'bands'));
    await saveBandModel(join(place, 'mine'), false);
    const measure = ['evaluate', '--model', 'mine', '--data', 'bands', '--attacks', 'fgsm'];
    const ci = ['--eps', '0.1', '--samples', '10', '--sarif', 'report/found.sarif'];
    const measured = await distill(place, [...measure, ...ci]);
    assert.equal(measured.code, 0, measured.stderr);
    const { code, stderr } = await distill(place, ['report']);
    assert.equal(code, 0, stderr);
    const names = await readdir(join(place, 'report'));
    for (const name of ['evaluate', 'found.sarif', 'index.html']) assert.ok(names.includes(name));
    await rm(place, { recursive: true });
  });

  it('is refused by run too, which writes into `report`', async () => {
    const place = await mkdtemp(join(folder, 'run-'));
    await mkdir(join(place, 'report'));
    await writeFile(join(place, 'report', 'thesis.txt'), 'mine');
    const { code, stderr } = await distill(place, ['run']);
    assert.equal(code, 2);
    assert.match(stderr, /^error: report holds thesis\.txt, and nothing of a report\n/);
    assert.deepEqual(await readdir(join(place, 'report')), ['thesis.txt']);
    await rm(place, { recursive: true });
  });
});
