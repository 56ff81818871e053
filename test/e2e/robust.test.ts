import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { parseRecord } from '../../src/evaluation/index.ts';
import { readModelCard } from '../../src/models/index.ts';
import { distill } from './distill.ts';

const SIZE = ['--train-size', '3300', '--epochs', '4', '--quiet'];
const ADVERSARY = ['--eps', '0.1', '--attack-steps', '3'];

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distill-robust-'));
});
after(() => rm(folder, { recursive: true }));

const run = async (...args: string[]) => {
  const outcome = await distill(folder, args);
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome;
};

it('robustness is distilled from a robust teacher, at the temperature of each step', async () => {
  await run('train-teacher', '--temperature', '1', ...SIZE);
  const teacher = ['--out', 'models/robust-teacher'];
  await run('train-adversarial', '--temperature', '20', ...ADVERSARY, ...SIZE, ...teacher);
  await run('soft-labels', '--teacher', 'models/robust-teacher', '--train-size', '3300', '--quiet');
  await run('train-student', '--robust', ...ADVERSARY, ...SIZE);
  const card = await readModelCard(join(folder, 'models/student'));
  assert.equal(card.temperature, 20);
  assert.equal(card.settings.attackEps, 0.1);

  const models = ['models/baseline', 'models/robust-teacher', 'models/student'];
  const attack = ['--attacks', 'pgd', '--loss', 'margin', '--eps', '0.1', '--samples', '200'];
  const { stdout } = await run('evaluate', '--model', ...models, ...attack, '--json');
  const robust = parseRecord(stdout).attacks.map((record) => record.robust.rate);
  const [baseline, robustTeacher, student] = robust;
  assert.ok(robustTeacher > baseline + 0.15, `teacher ${robustTeacher}, baseline ${baseline}`);
  assert.ok(student > baseline + 0.15, `student ${student}, baseline ${baseline}`);
});

it('refuses soft labels at a temperature that a method is not defined for', async () => {
  const args = ['train-student', '--robust', '--method', 'rslad', ...ADVERSARY, ...SIZE];
  const { code, stderr } = await distill(folder, args);
  assert.equal(code, 2);
  assert.match(stderr, /rslad is defined for soft labels at T = 1, these are at T = 20/);
});

it('other methods make robust models too, with a teacher or without', async () => {
  const methods = ['trades', 'adaad'];
  const [teacher, student] = methods.map((method) => `models/${method}`);
  const training = (method: string) => ['--method', method, ...ADVERSARY, ...SIZE];
  await run('train-adversarial', ...training('trades'), '--out', teacher);
  const labels = ['--train-size', '3300', '--noise-copies', '0', '--out', 'data/plain', '--quiet'];
  await run('soft-labels', '--teacher', teacher, ...labels);
  const from = ['--soft-labels', 'data/plain', '--out', student];
  await run('train-student', '--robust', ...training('adaad'), ...from);
  for (const [i, model] of [teacher, student].entries()) {
    assert.equal((await readModelCard(join(folder, model))).settings.method, methods[i]);
  }
  const attack = ['--attacks', 'pgd', '--loss', 'margin', '--eps', '0.1', '--samples', '200'];
  const models = ['models/baseline', teacher, student];
  const { stdout } = await run('evaluate', '--model', ...models, ...attack, '--json');
  const [baseline, ...others] = parseRecord(stdout).attacks.map(({ robust }) => robust.rate);
  for (const rate of others) assert.ok(rate > baseline + 0.05, `${rate}, baseline ${baseline}`);
});

it('a student of labels with an outlier class has that class, and is measured with it', async () => {
  const some = ['--train-size', '3300', '--quiet'];
  const labels = ['--noise-copies', '0', '--dropout-passes', '3', '--out', 'data/outliers'];
  const teacher = ['--teacher', 'models/baseline'];
  const made = await run('soft-labels', '--outlier-class', ...teacher, ...labels, ...some);
  assert.match(made.stdout, /^labels with an outlier class of 3,300 images and 0 noisy copies/);
  const student = ['--soft-labels', 'data/outliers', '--out', 'models/extended'];
  await run('train-student', ...student, ...SIZE);
  const { network, temperature, settings } = await readModelCard(join(folder, 'models/extended'));
  assert.deepEqual([network.classes, network.outlierClass, temperature], [11, true, 1]);
  assert.equal(settings.outlierShare, 0.9);

  const attack = ['--attacks', 'pgd', '--eps', '0.3', '--samples', '50', '--target', 'every'];
  const models = ['models/baseline', 'models/extended'];
  const { stdout } = await run('evaluate', '--model', ...models, ...attack, '--json');
  const record = parseRecord(stdout);
  const [plain, extended] = record.models;
  assert.deepEqual([plain.confusion.length, plain.confusion[0].length], [10, 10]);
  assert.deepEqual([extended.confusion.length, extended.confusion[0].length], [10, 11]);
  assert.ok(extended.accuracy.rate > 0.8, `${extended.accuracy.rate}`);
  for (const { targets } of record.attacks) assert.ok(targets?.every((target) => target < 10));

  const shown = await run('inspect', 'models/extended');
  assert.match(shown.stdout, /in 10 classes and one of outliers/);
  const predicted = await run('predict', '--model', 'models/extended', '--index', '0', '--json');
  assert.equal(JSON.parse(predicted.stdout).results[0].probabilities.length, 11);
  const questions = [
    '--eps',
    '0.01',
    '--samples',
    '1',
    '--method',
    'interval',
    '--vnnlib',
    'asked',
  ];
  await run('certify', 'models/extended', ...questions);
  const question = await readFile(join(folder, 'asked', 'image-0-linf-0.01.vnnlib'), 'utf8');
  assert.match(question, /\(>= Y_10 Y_7\)/);
  const robust = await distill(folder, ['train-student', '--robust', ...student, ...SIZE]);
  assert.equal(robust.code, 2);
  assert.match(robust.stderr, /robust training has no form for an outlier class/);
  const typed = await distill(folder, ['soft-labels', '--outlier-class', '--temperature', '40']);
  assert.equal(typed.code, 2);
  assert.match(typed.stderr, /--temperature does nothing with --outlier-class/);
});
