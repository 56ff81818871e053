import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadData } from '../../src/data/index.ts';
import { type Engine, startEngine } from '../../src/engine/index.ts';
import { UserError } from '../../src/errors.ts';
import {
  checkNoiseCopies,
  makeSoftLabels,
  readSoftLabels,
  type TrainingSettings,
  trainTeacher,
} from '../../src/training/index.ts';

const settings: TrainingSettings = {
  architecture: 'cnn',
  temperature: 40,
  epochs: 1,
  batchSize: 64,
  learningRate: 0.002,
  optimizer: 'adam',
  outputScaling: true,
  seed: 3,
};
const noise = { kind: 'uniform', scale: 0.1, copies: 1, seed: 3 } as const;

const refused = (code: string) => (error: unknown) =>
  error instanceof UserError && error.code === code && error.hint !== undefined;

describe('soft labels', async () => {
  const data = await loadData('mnist', 110);
  const home = process.cwd();
  let engine: Engine;
  let folder: string;
  before(async () => {
    engine = await startEngine('auto');
    folder = await mkdtemp(join(tmpdir(), 'distill-soft-labels-'));
    process.chdir(folder);
    await train(3);
    await makeSoftLabels({
      data,
      teacher: 'models/teacher',
      temperature: 40,
      noise,
      out: 'data/soft',
    });
    await mkdir('elsewhere');
  });
  after(async () => {
    process.chdir(home);
    await rm(folder, { recursive: true });
  });
  const train = (seed: number) =>
    trainTeacher({
      data,
      settings: { ...settings, seed },
      out: join(folder, 'models/teacher'),
      engine,
      resume: 'never',
    });

  it('know their teacher from any working folder, also when both have moved', async () => {
    const fresh = async (path: string) => {
      assert.equal((await readSoftLabels(path, data)).card.teacher.folder, '../../models/teacher');
    };
    await fresh('data/soft');
    process.chdir('elsewhere');
    await fresh('../data/soft');
    await fresh(join(folder, 'data/soft'));
    await train(4);
    for (const path of ['../data/soft', join(folder, 'data/soft')]) {
      await assert.rejects(readSoftLabels(path, data), refused('stale-soft-labels'));
    }
    process.chdir(folder);
    await assert.rejects(readSoftLabels('data/soft', data), refused('stale-soft-labels'));
    await mkdir('moved');
    for (const part of ['data', 'models']) await rename(part, `moved/${part}`);
    await assert.rejects(readSoftLabels('moved/data/soft', data), refused('stale-soft-labels'));
    for (const part of ['data', 'models']) await rename(`moved/${part}`, part);
  });

  it('are refused before any work where the folder holds something else', async () => {
    await mkdir('mine/other', { recursive: true });
    await writeFile('mine/notes.txt', '');
    const onProgress = () => assert.fail('it has begun');
    const options = { data, temperature: 40, noise, onProgress };
    for (const out of ['mine', 'mine/notes.txt', 'models/teacher', 'models', '.']) {
      // The teacher's absence would be noticed first if the folder were not looked at before.
      const made = makeSoftLabels({ ...options, teacher: 'none', out });
      await assert.rejects(made, refused('foreign-folder'), out);
    }
    assert.deepEqual((await readdir('mine')).sort(), ['notes.txt', 'other']);
  });

  it('are no more than can be read back', async () => {
    const mnist = { ...data.train, count: 55_000 };
    checkNoiseCopies(mnist, 49);
    assert.throws(() => checkNoiseCopies(mnist, 50), refused('too-many-copies'));
    assert.throws(() => checkNoiseCopies({ ...mnist, count: 2 ** 31 }, 1), /do not fit/);
    const tiny = { ...data.train, count: 1_000_000, shape: [1, 1, 1] as const };
    checkNoiseCopies(tiny, 52); // here the labels are what is large: 40 bytes an image
    assert.throws(() => checkNoiseCopies(tiny, 53), refused('too-many-copies'));
    const options = { data: { ...data, train: mnist }, temperature: 40, out: 'data/soft' };
    const made = makeSoftLabels({ ...options, teacher: 'none', noise: { ...noise, copies: 99 } });
    await assert.rejects(made, refused('too-many-copies'));
  });
});
