import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { distill, loadModel, softLabels, startEngine, train } from '../../src/index.ts';
import { bands } from './models.ts';

const data = {
  source: 'bands',
  train: bands('bands/train', 96),
  validation: bands('bands/validation', 16, 2),
  test: bands('bands/test', 16, 3),
};
const settings = { epochs: 2, batchSize: 32 } as const;
let folder = '';
before(async () => {
  await startEngine('auto', 1);
  folder = await mkdtemp(join(tmpdir(), 'distill-library-'));
});
after(() => rm(folder, { recursive: true }));

describe('training by the library', () => {
  it('goes from a teacher by soft labels to a student', async () => {
    const teacher = join(folder, 'teacher');
    const epochs: number[] = [];
    const card = await train({
      data,
      out: teacher,
      settings: { ...settings, temperature: 20 },
      onEpoch: ({ epoch }) => epochs.push(epoch),
    });
    assert.deepEqual([card.role, card.temperature, epochs], ['teacher', 20, [1, 2]]);
    let seen = [0, 0];
    const labels = await softLabels({
      data,
      teacher,
      out: join(folder, 'labels'),
      onProgress: (...progress) => {
        seen = progress;
      },
    });
    assert.deepEqual(seen, [192, 192]);
    const out = join(folder, 'student');
    const student = await distill({ data, out, softLabels: labels, settings });
    assert.deepEqual([student.role, student.temperature], ['student', 20]);
    assert.equal(student.softLabels?.digest, labels.card.digest);
    await assert.rejects(
      distill({ data, out, softLabels: labels, settings: { ...settings, temperature: 3 } }),
      { code: 'temperature-mismatch' },
    );
    const { model } = await loadModel(out);
    assert.equal(model.classes, 3);
    model.dispose();
  });

  it('can be aborted, and goes on from its checkpoint to the same weights', async () => {
    const [whole, stopped] = [join(folder, 'whole'), join(folder, 'stopped')];
    const own = { ...settings, temperature: 1 };
    const { digest } = await train({ data, out: whole, settings: own });
    const controller = new AbortController();
    const tensors = tf.memory().numTensors;
    const run = train({
      data,
      out: stopped,
      settings: own,
      signal: controller.signal,
      onProgress: ({ epoch }) => epoch === 2 && controller.abort(new Error('second epoch')),
    });
    await assert.rejects(run, /second epoch/);
    assert.equal(tf.memory().numTensors, tensors, 'nothing leaks');
    const resumed = await train({ data, out: stopped, settings: own, resume: 'always' });
    assert.equal(resumed.digest, digest);
  });
});
