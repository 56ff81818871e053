import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadData } from '../../src/data/index.ts';
import { type Engine, startEngine } from '../../src/engine/index.ts';
import { DistillError } from '../../src/errors.ts';
import { classesOf, loadModel, logitsOf, readModel } from '../../src/models/index.ts';
import { type TrainingSettings, trainTeacher } from '../../src/training/index.ts';

const settings: TrainingSettings = {
  architecture: 'cnn',
  temperature: 1,
  epochs: 2,
  batchSize: 64,
  learningRate: 0.002,
  optimizer: 'adam',
  outputScaling: true,
  seed: 3,
};

class Stopped extends Error {}

const refused = (code: string) => (error: unknown) =>
  error instanceof DistillError && error.exitCode === 2 && error.code === code;

describe('training', async () => {
  const data = await loadData('mnist', 660);
  let engine: Engine;
  let folder: string;
  before(async () => {
    engine = await startEngine('auto');
    folder = await mkdtemp(join(tmpdir(), 'distill-fit-'));
  });
  after(() => rm(folder, { recursive: true }));

  type Extra = Partial<Parameters<typeof trainTeacher>[0]>;
  const train = (name: string, changes: Partial<TrainingSettings> = {}, extra: Extra = {}) =>
    trainTeacher({
      data,
      settings: { ...settings, ...changes },
      out: join(folder, name),
      engine,
      resume: 'never',
      ...extra,
    });
  const stopAfter = (steps: number): Extra => {
    let seen = 0;
    return {
      onProgress: () => {
        if (++seen === steps) throw new Stopped();
      },
    };
  };

  it('learns, and gives the same bits for the same seed', async () => {
    const first = await train('first');
    const second = await train('second');
    assert.equal(first.digest, second.digest);
    assert.ok((first.history.at(-1)?.validationAccuracy ?? 0) > 0.5);
    assert.notEqual((await train('other', { seed: 4 })).digest, first.digest);
  });

  it('keeps its learning rate where asked, and takes another momentum of SGD', async () => {
    const sgd = { optimizer: 'sgd', learningRate: 0.05 } as const;
    const rates = async (name: string, changes: Partial<TrainingSettings>) => {
      const { history, digest } = await train(name, { ...sgd, ...changes });
      return { digest, last: history.at(-1)?.learningRate ?? 0 };
    };
    const falling = await rates('falling', {});
    const constant = await rates('constant', { constantRate: true });
    const slower = await rates('slower', { momentum: 0.5 });
    assert.ok(falling.last < 0.01, `${falling.last}`);
    assert.equal(constant.last, 0.05);
    assert.equal(new Set([falling, constant, slower].map(({ digest }) => digest)).size, 3);
    assert.equal((await rates('usual', { momentum: 0.9 })).digest, falling.digest);
  });

  it('leaves no tensors behind', async () => {
    await train('warm');
    const before = tf.memory().numTensors;
    await train('counted');
    assert.equal(tf.memory().numTensors, before);
  });

  for (const optimizer of ['adam', 'sgd'] as const) {
    const learningRate = optimizer === 'adam' ? 0.002 : 0.05;

    it(`resumes to the same bits, stopped in any epoch (${optimizer})`, async () => {
      const unbroken = await train(`unbroken-${optimizer}`, { optimizer, learningRate });
      for (const steps of [3, 11, 14, 22]) {
        const name = `stopped-${optimizer}-${steps}`;
        const stopped = train(name, { optimizer, learningRate }, stopAfter(steps));
        await assert.rejects(stopped, Stopped);
        assert.equal(existsSync(join(folder, name)), false);
        const card = await train(name, { optimizer, learningRate }, { resume: 'always' });
        assert.equal(card.digest, unbroken.digest);
        assert.deepEqual(card.history, unbroken.history);
        assert.equal(existsSync(join(folder, `${name}.checkpoint.safetensors`)), false);
      }
    });

    it(`at T = 16 is training at T = 2 with logits eight times larger (${optimizer})`, async () => {
      // Powers of two: scaling by them is exact, so whatever differs is a real difference.
      await train(`cool-${optimizer}`, { optimizer, learningRate, temperature: 2 });
      await train(`hot-${optimizer}`, { optimizer, learningRate, temperature: 16 });
      const { weights } = await readModel(join(folder, `cool-${optimizer}`));
      const hot = await readModel(join(folder, `hot-${optimizer}`));
      for (const [i, { spec, values }] of hot.weights.entries()) {
        const scale = spec.layer === 'logits' ? 8 : 1;
        const { values: cool } = weights[i];
        assert.ok(
          values.every((value, j) => value === scale * cool[j]),
          spec.name,
        );
      }
    });
  }

  it('refuses checkpoints that are damaged or of another run, and keeps them', async () => {
    await assert.rejects(train('foreign', {}, stopAfter(14)), Stopped);
    const path = join(folder, 'foreign.checkpoint.safetensors');
    await assert.rejects(
      train('foreign', { epochs: 3 }, { resume: 'always' }),
      refused('foreign-checkpoint'),
    );
    const bytes = await readFile(path);
    for (const cut of [0, 7, 100, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, cut));
      await assert.rejects(train('foreign', {}, { resume: 'always' }), refused('bad-checkpoint'));
    }
    assert.ok(existsSync(path));
    await train('foreign', {}, { resume: 'matching' }); // starts over
  });

  it('refuses a checkpoint of another engine or instruction set, whatever the threads', async () => {
    const unbroken = await train('one-engine');
    await assert.rejects(train('other-engine', {}, stopAfter(14)), Stopped);
    const path = join(folder, 'other-engine.checkpoint.safetensors');
    const bytes = await readFile(path);
    for (const other of [{ name: 'cpu' }, { instructionSet: 'javascript' }] as const) {
      const resumed = train(
        'other-engine',
        {},
        { engine: { ...engine, ...other }, resume: 'always' },
      );
      await assert.rejects(resumed, (error: unknown) => {
        assert.ok(error instanceof DistillError && error.code === 'foreign-checkpoint');
        assert.match(error.message, /made on the engine \w+ \([\w-]+\), and \w+ \([\w-]+\) rounds/);
        return true;
      });
    }
    assert.deepEqual(await readFile(path), bytes);
    const threads = { ...engine, threads: 7 };
    const card = await train('other-engine', {}, { engine: threads, resume: 'always' });
    assert.equal(card.digest, unbroken.digest);
  });

  it('notices that the very last step diverged, before anything is saved', async () => {
    // One step in all: its loss is that of the initial weights. Then weights that are not finite,
    // and weights that are but give logits that are not.
    for (const learningRate of [1e40, 1e25]) {
      const changes = { optimizer: 'sgd', epochs: 1, batchSize: 660, learningRate } as const;
      await assert.rejects(train('last-step', changes), (error: unknown) => {
        return error instanceof DistillError && error.exitCode === 3 && error.code === 'diverged';
      });
      assert.equal(existsSync(join(folder, 'last-step')), false);
      assert.equal(existsSync(join(folder, 'last-step.checkpoint.safetensors')), false);
    }
  });

  it('writes only where a model may stand, and says so before it trains', async () => {
    await mkdir(join(folder, 'mine'));
    await writeFile(join(folder, 'mine', 'notes.txt'), 'mine');
    const onProgress = () => assert.fail('it has begun');
    await assert.rejects(train('mine', {}, { onProgress }), refused('foreign-folder'));
    assert.equal(await readFile(join(folder, 'mine', 'notes.txt'), 'utf8'), 'mine');
  });

  it('says so when it diverges, and saves no model', async () => {
    const diverging = train('diverged', { optimizer: 'sgd', learningRate: 1e20 });
    await assert.rejects(diverging, (error: unknown) => {
      return error instanceof DistillError && error.exitCode === 3 && error.code === 'diverged';
    });
    assert.equal(existsSync(join(folder, 'diverged')), false);
  });

  it('saves a model that predicts as the trained one did', async () => {
    const card = await train('saved');
    const { model } = await loadModel(join(folder, 'saved'));
    const predicted = classesOf(await logitsOf(model, data.validation), 10);
    const right = predicted.filter((c, i) => c === data.validation.labels[i]).length;
    assert.equal(right / data.validation.count, card.history.at(-1)?.validationAccuracy);
    model.dispose();
  });
});
