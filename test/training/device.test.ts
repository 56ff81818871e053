/** Training where results are waited for seldom, on a backend of a GPU's name that computes as `cpu` does. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadData } from '../../src/data/index.ts';
import { startEngine } from '../../src/engine/index.ts';
import {
  settingsWith,
  type TrainingProgress,
  trainAdversarial,
  trainTeacher,
} from '../../src/training/index.ts';

describe('training on a device', async () => {
  const engine = await startEngine('cpu');
  const makeBackend = tf.findBackendFactory('cpu');
  tf.copyRegisteredKernels('cpu', 'webgpu');
  tf.registerBackend('webgpu', () => makeBackend());
  const folder = await mkdtemp(join(tmpdir(), 'distill-device-'));
  after(() => rm(folder, { recursive: true }));
  const data = await loadData('mnist', 360);
  const { architecture, batchSize } = { architecture: 'dense', batchSize: 20 } as const;
  const settings = settingsWith({ architecture, batchSize, temperature: 1, epochs: 2 });
  const stepsOfEpoch = Math.ceil(data.train.count / batchSize);
  const options = { data, settings, engine, resume: 'never' } as const;

  class Stopped extends Error {}

  it('gives the same weights and history, and tells of every sixteenth step', async () => {
    await tf.setBackend('cpu');
    const wanted = await trainTeacher({ ...options, out: join(folder, 'cpu') });
    await tf.setBackend('webgpu');
    const before = tf.memory().numTensors;
    const told: TrainingProgress[] = [];
    const out = join(folder, 'device');
    const found = await trainTeacher({ ...options, out, onProgress: (now) => told.push(now) });
    assert.equal(found.digest, wanted.digest);
    assert.deepEqual(found.history, wanted.history);
    assert.equal(tf.memory().numTensors, before);
    const steps = [16, 32, 48].filter((step) => step < stepsOfEpoch);
    assert.deepEqual(
      told.map(({ epoch, step }) => [epoch, step]),
      [1, 2].flatMap((epoch) => [...steps, stepsOfEpoch].map((step) => [epoch, step])),
    );
  });

  it('goes on from a stop with the same bits', async () => {
    await tf.setBackend('webgpu');
    const adversary = { eps: 0.1, steps: 1, method: 'trades' } as const;
    const train = (name: string, extra: object) =>
      trainAdversarial({ ...options, adversary, out: join(folder, name), ...extra });
    const wanted = await train('unbroken', {});
    const onProgress = ({ epoch, step }: TrainingProgress) => {
      if (epoch === 2 && step === 16) throw new Stopped();
    };
    await assert.rejects(train('stopped', { onProgress }), Stopped);
    const found = await train('stopped', { resume: 'always' });
    assert.equal(found.digest, wanted.digest);
    assert.deepEqual(found.history, wanted.history);
  });

  it('ends where the loss is no number', async () => {
    await tf.setBackend('webgpu');
    const wild = { ...settings, optimizer: 'sgd', learningRate: 1000 } as const;
    const training = trainTeacher({ ...options, settings: wild, out: join(folder, 'wild') });
    await assert.rejects(training, { code: 'diverged' });
  });
});
