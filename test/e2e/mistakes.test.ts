import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeIdx } from '../../src/data/index.ts';
import { distill } from './distill.ts';

/** Every mistake ends with exit code 2, a line that says what is wrong and one that says what to do. */
describe('a mistake is reported in one line, with a hint in the next', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-mistakes-'));
    await writeFile(join(folder, 'plain.txt'), 'not a folder, not an image');
    await mkdir(join(folder, 'empty'));
    await writeFile(join(folder, 'no-models.json'), '{"models": []}');
    const small = ['--train-size', '110', '--epochs', '1', '--quiet'];
    const trained = await distill(folder, ['train-teacher', ...small]);
    assert.equal(trained.code, 0, trained.stderr);
    const labeled = await distill(folder, ['soft-labels', '--train-size', '110', '--quiet']);
    assert.equal(labeled.code, 0, labeled.stderr);
    await mkdir(join(folder, 'three'));
    const put = (name: string, bytes: Uint8Array, shape: number[]) =>
      writeFile(join(folder, 'three', name), encodeIdx(bytes, shape));
    await put('train-images-idx3-ubyte', new Uint8Array(24 * 784), [24, 28, 28]);
    await put('train-labels-idx1-ubyte', new Uint8Array(24), [24]);
    await put('t10k-images-idx3-ubyte', new Uint8Array(784), [1, 28, 28]);
  });
  after(() => rm(folder, { recursive: true }));

  const mistakes: [what: string, args: string[], error: RegExp, hint?: RegExp][] = [
    ['an unknown flag', ['train-teacher', '--epoch', '3'], /unknown option '--epoch'/, /--epochs/],
    ['an unknown command', ['atack'], /unknown command 'atack'/, /attack/],
    [
      'an eps that is no number',
      ['attack', '--eps', 'large'],
      /--eps takes a number.*8\/255, not "large"/,
    ],
    [
      'an eps in the wrong unit',
      ['attack', '--eps', '300'],
      /--eps 300 is larger than the whole pixel range/,
      /fraction/,
    ],
    ['an eps in bytes', ['attack', '--eps', '8'], /--eps 8 is larger/, /did you mean 8\/255\?/],
    [
      'a folder that is no model',
      ['predict', '--model', 'empty', '--index', '0'],
      /empty is not a model folder: it holds no distill\.json/,
      /distill run/,
    ],
    [
      'a model that is not there',
      ['evaluate', '--model', 'models/none'],
      /models\/none is not a model folder: there is no such folder/,
    ],
    [
      'a record without models',
      ['report', '--from', 'no-models.json'],
      /no-models\.json: in this record, schema/,
    ],
    [
      'a record that is a folder',
      ['report', '--from', 'empty'],
      /cannot read the record empty: it is not a regular file/,
    ],
    [
      'an image that is none',
      ['predict', '--model', 'models/teacher', '--image', 'plain.txt'],
      /plain\.txt is not a PNG, JPEG or WebP picture/,
    ],
    [
      'a gate that is none',
      ['evaluate', '--gate', 'robust'],
      /a gate reads 'model: metric >= threshold'/,
    ],
    [
      'a gate on a metric that will not be there',
      ['evaluate', '--model', 'models/teacher', '--gate', 'accuracy under pgd >= 0.5'],
      /names no metric/,
      /accuracy under pgd Linf 0\.1 margin/,
    ],
    [
      'an option that no attack has',
      ['evaluate', '--model', 'models/teacher', '--attacks', 'fgsm', 'pgd', '--set', 'queries=5'],
      /no attack here has the option 'queries'/,
      /fgsm has none; pgd has steps/,
    ],
    [
      'options of a preset',
      ['evaluate', '--model', 'models/teacher', '--set', 'steps=5'],
      /--set needs --attacks/,
      /--attacks pgd apgd/,
    ],
    [
      'a target for an attack that has none',
      ['evaluate', '--model', 'models/teacher', '--attacks', 'autoattack', '--target', '3'],
      /autoattack cannot aim at a class/,
    ],
    [
      'a target that is no class',
      ['attack', '--model', 'models/teacher', '--target', '12'],
      /no class 12 to aim at/,
      /0 to 9/,
    ],
    [
      'neither image nor index',
      ['predict', '--model', 'models/teacher'],
      /either --index N or --image/,
    ],
    [
      'missing soft labels',
      ['train-student', '--soft-labels', 'nowhere'],
      /no soft labels in nowhere/,
      /distill soft-labels/,
    ],
    [
      'another temperature',
      ['train-student', '--temperature', '20'],
      /softmax\(logits \/ 40\)/,
      /temperature 40, .*\(--temperature, --allow-temperature-mismatch\)/,
    ],
    [
      "another temperature than the teacher's",
      ['soft-labels', '--teacher', 'models/teacher', '--temperature', '1'],
      /models\/teacher was trained at T = 40/,
      /temperature 40, .*\(--temperature, --allow-temperature-mismatch\)/,
    ],
    [
      'soft labels of other images',
      ['train-student', '--train-size', '220'],
      /made from other images/,
    ],
    [
      'a folder that cannot be written',
      ['train-teacher', '--train-size', '110', '--out', 'plain.txt/model'],
      /cannot write plain\.txt\/model/,
    ],
    [
      'a data folder with three files',
      ['train-teacher', '--data', 'three'],
      /three lacks t10k-labels-idx1-ubyte/,
    ],
    [
      'a data folder that is not there',
      ['train-teacher', '--data', 'nowhere'],
      /no data folder or file nowhere/,
      /mnist/,
    ],
    [
      'an engine that is not there',
      ['train-teacher', '--engine', 'tensorflow'],
      /tensorflow.*@tensorflow\/tfjs-node/,
      /`distill doctor`/,
    ],
    [
      'an engine that does not exist',
      ['train-teacher', '--engine', 'gpu'],
      /--engine.*'gpu'/,
      /auto, native/,
    ],
    [
      'a temperature of zero',
      ['train-teacher', '--temperature', '0'],
      /--temperature takes a number above 0/,
    ],
    [
      'too many training images',
      ['train-teacher', '--train-size', '70000'],
      /cannot train on 70000 of the images/,
    ],
    [
      'a mistyped model',
      ['attack', '--model', 'models/techer'],
      /models\/techer is not a model folder/,
      /did you mean models\/teacher\?/,
    ],
    [
      'a model without its folder',
      ['evaluate', '--models', 'teacher'],
      /teacher is not a model folder: there is no such folder/,
      /did you mean models\/teacher\?/,
    ],
    [
      'a gate in percent without the sign',
      ['evaluate', '--model', 'models/teacher', '--gate', 'teacher: accuracy >= 99'],
      /always missed: accuracy is 0 % to 100 %/,
      /did you mean >= 99%\?/,
    ],
    [
      'a mistyped metric of a gate',
      ['evaluate', '--model', 'models/teacher', '--gate', 'teacher: acuracy >= 99%'],
      /^the gate "teacher: acuracy >= 99%" names no metric of this evaluation$/,
      /^did you mean accuracy\? the metrics are: accuracy; /,
    ],
    [
      'a mistyped model of a gate',
      ['evaluate', '--model', 'models/teacher', '--gate', 'techer: accuracy >= 99%'],
      /^the gate "techer: accuracy >= 99%" names no model of this evaluation$/,
      /^did you mean teacher\? the models are teacher; \* is all of them$/,
    ],
    ['half an epoch', ['train-teacher', '--epochs', '0.5'], /--epochs takes an integer from 1 up/],
  ];

  for (const [what, args, error, hint = /./] of mistakes) {
    it(what, async () => {
      const { code, stdout, stderr } = await distill(folder, [...args, '--quiet']);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      const [, said, advice] = /^error: ([^\n]+)\nhint: ([^\n]+)\n$/.exec(stderr) ?? [];
      assert.match(said, error);
      assert.match(advice, hint);
    });
  }

  it('but nothing typed is none: help is shown', async () => {
    const { code, stdout, stderr } = await distill(folder, []);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Usage: distill \[options\] \[command\]\n/);
  });

  it('soft labels that have become stale', async () => {
    const small = ['--train-size', '110', '--epochs', '1', '--quiet'];
    assert.equal((await distill(folder, ['train-teacher', ...small, '--seed', '2'])).code, 0);
    const { code, stderr } = await distill(folder, ['train-student', ...small]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^error: the soft labels in data\/soft-labels are stale[^\n]*\nhint: [^\n]*distill soft-labels[^\n]*\n$/,
    );
  });

  it('more threads than cores are none, but told', async () => {
    const asked = ['predict', '--model', 'models/teacher', '--index', '0', '--threads', '250'];
    const { code, stderr } = await distill(folder, asked);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^warning: 250 threads share \d+ cores?: fewer are faster$/m);
  });

  it('and --verbose shows where it came from', async () => {
    const { code, stderr } = await distill(folder, [
      'predict',
      '--model',
      'empty',
      '--index',
      '0',
      '--verbose',
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /\n {4}at /);
  });
});
