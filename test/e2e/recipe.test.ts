import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseRecord } from '../../src/evaluation/index.ts';
import { readModelCard } from '../../src/models/index.ts';
import { distill, type Outcome } from './distill.ts';

const SIZE = ['--train-size', '3300', '--epochs', '3'];
const RUN = ['run', ...SIZE, '--samples', '40'];
/** The same training with little evaluation, for what is about the models alone. */
const AGAIN = ['run', ...SIZE, '--models', 'again', '--samples', '2', '--eps', '0.1', '--quiet'];
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const ESCAPES = /\u001b\[/;

describe('the recipe on a small part of MNIST', () => {
  let folder: string;
  let first: Outcome;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-recipe-'));
    first = await distill(folder, RUN);
  });
  after(() => rm(folder, { recursive: true }));

  const digests = (models: string) =>
    Promise.all(
      ['baseline', 'teacher', 'student'].map(
        async (name) => (await readModelCard(join(folder, models, name))).digest,
      ),
    );

  it('trains three models that have learned something, and shows how they differ', async () => {
    assert.equal(first.code, 0, first.stderr);
    const record = parseRecord(
      await readFile(join(folder, 'report/evaluate/evaluation.json'), 'utf8'),
    );
    assert.deepEqual(
      record.models.map(({ name }) => name),
      ['baseline', 'teacher', 'student'],
    );
    for (const { name, accuracy } of record.models) {
      assert.equal(accuracy.total, 10_000);
      assert.ok(accuracy.rate > 0.8, `${name}: ${accuracy.rate}`);
    }
    assert.match(first.stdout, /baseline on the clean image +class \d/);
    assert.match(first.stdout, /baseline on the attacked image +class \d/);
    assert.match(first.stdout, /student on the same attacked image +class \d/);
    assert.match(
      first.stdout,
      /^[A-Z][a-z ]+: (at most )?\d+ of 40 images stay correct at Linf 0\.3 \(baseline: \d+\)\.$/m,
    );
    for (const line of first.stdout.split('\n')) assert.ok(line.length <= 80, line);
    assert.ok(existsSync(join(folder, 'report/attack/attacked.png')));
  });

  it('uses no colors and no cursor tricks where there is no terminal', () => {
    assert.doesNotMatch(first.stdout + first.stderr, ESCAPES);
    assert.match(
      first.stderr,
      /teacher: 100 %, epoch 3\/3, loss [\d.]+, validation [\d.]+ %, \d+ samples\/s/,
    );
  });

  it('does nothing twice: a second run finds everything up to date', async () => {
    // As if the first one had been killed when its record was saved and its state was not yet removed.
    const state = join(folder, 'report/evaluate/partial.json');
    await writeFile(state, '{}');
    const before = await digests('models');
    const { code, stdout } = await distill(folder, RUN);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /baseline up to date, teacher up to date, soft labels up to date,\sstudent\sup to date/,
    );
    assert.match(stdout, /attack up to date,\sevaluate up to date,\sreport \d+ s;/);
    assert.deepEqual(await digests('models'), before);
    assert.ok(!existsSync(state));
  });

  it('gives bit-identical models with one thread and with two', async () => {
    const again = await distill(folder, [...AGAIN, '--threads', '1']);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(await digests('again'), await digests('models'));
    assert.ok(existsSync(join(folder, 'again/soft-labels/soft-labels.npy')));
  });

  it('trains only what has changed', async () => {
    const [baseline, teacher, student] = await digests('again');
    const { stdout } = await distill(folder, [...AGAIN, '--noise', '0.2']);
    assert.match(
      stdout,
      /baseline up to date, teacher up to date, soft labels \d+ s,\sstudent\s\d+\ss/,
    );
    const after = await digests('again');
    assert.deepEqual(after.slice(0, 2), [baseline, teacher]);
    assert.notEqual(after[2], student);
  });

  it('prints one JSON record and nothing else with --json', async () => {
    const commands = [
      RUN, // first, while its record is up to date: the others replace it
      ['evaluate', '--samples', '20', '--model', 'models/student'],
      ['attack', '--samples', '20'],
      ['predict', '--index', '0'],
      ['doctor'],
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await distill(folder, [...command, '--json', '--quiet']);
      assert.equal(code, 0, stderr);
      assert.equal(stderr, '');
      assert.equal(stdout.trim().split('\n').length, 1);
      if (['run', 'evaluate'].includes(command[0])) assert.match(stdout, /^\{"answer":"[A-Z]/);
      assert.match(JSON.parse(stdout).schema, /^distill-[a-z-]+\/\d+$/);
    }
  });

  it('is a gate: exit code 1 names the metric that was too low', async () => {
    const gate = (...bars: string[]) =>
      distill(folder, [
        'evaluate',
        '--model',
        'models/student',
        '--attacks',
        'pgd',
        '--samples',
        '50',
        '--quiet',
        ...bars,
      ]);
    assert.equal((await gate('--min-accuracy', '0.5')).code, 0);
    const low = await gate('--min-accuracy', '0.9999');
    assert.equal(low.code, 1);
    assert.match(low.stderr, /^error: accuracy of student: \d+\.\d\d %, not >= 99\.99 %/);
    const robust = await gate('--min-robust-accuracy', '0.99');
    assert.equal(robust.code, 1);
    assert.match(robust.stderr, /^error: robust accuracy \(Linf 0\.\d\) of student: /);
  });

  it('prints intervals, tests and gates, and keeps pictures of examples', async () => {
    const { code, stdout, stderr } = await distill(folder, [
      'evaluate',
      '--samples',
      '30',
      '--eps',
      '0.1',
      '--attacks',
      'fgsm',
      'pgd',
      '--set',
      'pgd.steps=2,10',
      'restarts=2',
      '--save-examples',
      '--gate',
      'student: accuracy drop <= 99.9 %',
      'robust accuracy (Linf 0.1) <= 99.9%',
      'accuracy under pgd Linf 0.1 margin steps=2 restarts=2 > 99.9%',
      '--out',
      'kept',
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /attack: pgd Linf 0\.1 margin, steps 2, stepSize 0\.125, restarts 2/);
    assert.match(stderr, /attack: pgd Linf 0\.1 margin, steps 10, stepSize 0\.025, restarts 2/);
    assert.match(stdout, /^pgd steps=2 +Linf +0\.1 +margin +\d+\.\d ±\d+\.\d/m);
    assert.match(stdout, /^student +robust accuracy \(Linf 0\.1\) .*(significant|not)$/m);
    assert.match(stdout, /^met\s+accuracy drop of student: -?\d+\.\d\d %, so <= 99\.90 %$/m);
    for (const name of ['baseline', 'teacher', 'student']) {
      const missed = `accuracy under pgd Linf 0\\.1 margin steps=2 restarts=2 of ${name}:`;
      assert.match(stderr, new RegExp(`error: .*${missed} \\d+\\.\\d\\d %, not > 99\\.90 %`));
    }
    const picture = await readFile(join(folder, 'kept/examples/student-fgsm-Linf-0.1-margin.png'));
    assert.equal(picture.subarray(1, 4).toString(), 'PNG');
    assert.ok(existsSync(join(folder, 'kept/examples/student-fgsm-Linf-0.1-margin.npz')));
    const { gates } = parseRecord(await readFile(join(folder, 'kept/evaluation.json'), 'utf8'));
    assert.deepEqual(
      gates.map(({ met }) => met),
      [true, true, true, true, false, false, false],
    );
  });

  it('gives naive attacks no verdict, and the command that it names gives one', async () => {
    const naive = await distill(folder, [
      'evaluate',
      '--model',
      'models/student',
      '--attacks',
      'fgsm',
      '--loss',
      'softmax',
      '--samples',
      '60',
      '--eps',
      '0.1',
      '--fail-on',
      'no-verdict',
    ]);
    assert.equal(naive.code, 1);
    assert.match(naive.stderr, /error: open verdicts of student: 1, not <= 0/);
    const [, command] = /to settle it: distill (.*)/.exec(naive.stdout) ?? [];
    assert.match(command, /--eps 0\.1 --samples 60 --seed \d+/);
    const settled = await distill(folder, [...command.split(' '), '--fail-on', 'no-verdict']);
    assert.equal(settled.code, 0, settled.stderr);
    assert.match(settled.stdout, /student, Linf eps 0\.1: (broken; )?robust accuracy at most /);
  });

  it('aims at every class where asked', async () => {
    const { code, stdout, stderr } = await distill(folder, [
      'attack',
      '--attack',
      'deepfool',
      '--target',
      'every',
      '--samples',
      '5',
      '--quiet',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^deepfool, every target\n +norm L2;[\s\S]*?worst \d+\.\d ±\d+\.\d/m);
    assert.match(stdout, /Mean distance of targeted attacks/);
  });

  it('attacks the same with any number of samples beside an image', async () => {
    const outcome = async (...size: string[]) => {
      const { stdout } = await distill(folder, [
        'attack',
        '--json',
        '--quiet',
        '--eps',
        '0.2',
        ...size,
      ]);
      const { attacks } = parseRecord(stdout);
      return attacks.map(({ predicted, distance }) => [predicted.at(-1), distance.at(-1)]);
    };
    assert.deepEqual(await outcome('--samples', '8'), await outcome('--index', '7'));
  });
});

describe('help', () => {
  it('of every command shows an example, and loads nothing heavy', async () => {
    const { stdout } = await distill('.', ['--help']);
    const heavy = await distill('.', ['doctor'], { NODE_DEBUG: 'module,esm' });
    assert.match(heavy.stderr, /tensorflow/); // the test would see it
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) \[options\]/gm)].map(([, name]) => name);
    for (const name of [
      'run',
      'train-teacher',
      'soft-labels',
      'train-student',
      'attack',
      'evaluate',
    ]) {
      assert.ok(commands.includes(name), name);
    }
    for (const command of commands) {
      const help = await distill('.', [command, '--help'], { NODE_DEBUG: 'module,esm' });
      assert.equal(help.code, 0);
      assert.match(help.stdout, /\nExamples?:\n {2}distill /, command);
      assert.match(help.stdout, /--json/);
      assert.doesNotMatch(help.stderr, /tensorflow|node_modules.zod|resvg/, command);
    }
  });
});
