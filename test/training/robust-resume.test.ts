/** Methods that move weights or remember something between steps, on the engine with recorded plans. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { Oracle } from '../../src/attacks/index.ts';
import { imagesAsFloats, loadData } from '../../src/data/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { UserError } from '../../src/errors.ts';
import { distill, softLabels, startEngine, train } from '../../src/library/index.ts';
import { buildNetwork, initialWeights, Model } from '../../src/models/index.ts';
import { weightsUphill } from '../../src/training/methods/awp.ts';
import { TemperatureOptimizer } from '../../src/training/optimizer.ts';

class Stopped extends Error {}

describe('robust training that is stopped', async () => {
  const data = await loadData('mnist', 660);
  let folder = '';
  before(async () => {
    await startEngine('auto');
    folder = await mkdtemp(join(tmpdir(), 'distill-robust-resume-'));
  });
  after(() => rm(folder, { recursive: true }));

  const settings = { architecture: 'dense', temperature: 1, epochs: 2, batchSize: 64 } as const;
  const stopAt = (steps: number) => {
    let seen = 0;
    return () => {
      if (++seen === steps) throw new Stopped();
    };
  };

  it('awp: the same bits as without a stop, and no tensors left behind', async () => {
    const options = { data, settings, adversary: { eps: 0.1, steps: 2, method: 'awp' } } as const;
    const unbroken = await train({ ...options, out: join(folder, 'awp') });
    const tensors = tf.memory().numTensors;
    const out = join(folder, 'awp-stopped');
    await assert.rejects(train({ ...options, out, onProgress: stopAt(14) }), Stopped);
    const resumed = await train({ ...options, out, resume: 'matching' });
    assert.equal(resumed.digest, unbroken.digest);
    assert.equal(tf.memory().numTensors, tensors);
    const pgd = { ...options, adversary: { eps: 0.1, steps: 2 } };
    assert.notEqual((await train({ ...pgd, out: join(folder, 'pgd') })).digest, unbroken.digest);
  });

  it('awp: recorded plans see the weights that are put back and then stepped in place', async () => {
    const network = buildNetwork('dense', data.train.shape, 10);
    const model = new Model(network, initialWeights(network, 1, new RandomStream(1, 'awp')), 1);
    const images = imagesAsFloats(data.train, [0, 1, 2, 3]);
    const oracle = new Oracle(model.classifier('test'));
    const optimizer = new TemperatureOptimizer(model, 'adam', 1);
    optimizer.learningRate = 0.1;
    const forward = () =>
      tf.tidy(() =>
        model
          .logits(tf.tensor4d(images, [4, ...data.train.shape]))
          .dataSync()
          .slice(),
      );
    const loss = () =>
      tf.tidy(() =>
        tf.sum(tf.square(model.logits(tf.tensor4d(images, [4, ...data.train.shape])))),
      ) as tf.Scalar;
    const first = await oracle.logits(images);
    for (let step = 0; step < 3; step++) {
      const putBack = await weightsUphill(0.5)(model, loss);
      tf.tidy(() => {
        const { grads } = tf.variableGrads(loss, [...model.variables.values()]);
        putBack();
        optimizer.step(grads);
      });
      assert.deepEqual(await oracle.logits(images), forward(), `step ${step}`);
    }
    assert.notDeepEqual(await oracle.logits(images), first);
    optimizer.dispose();
    model.dispose();
  });

  it('mtard: the same bits as without a stop; refuses a missing or a foreign second teacher', async () => {
    const [teacher, robustTeacher] = ['clean', 'robust'].map((name) => join(folder, name));
    await train({ data, settings, out: teacher });
    const fast = { eps: 0.1, steps: 40, method: 'fast' } as const;
    const card = await train({ data, settings, out: robustTeacher, adversary: fast });
    assert.equal(card.settings.attackSteps, 1);
    const labels = await softLabels({
      data,
      teacher,
      out: join(folder, 'labels'),
      noise: { copies: 0 },
    });
    const adversary = { eps: 0.1, steps: 2, method: 'mtard', robustTeacher } as const;
    const options = { data, settings, softLabels: labels, adversary };
    const unbroken = await distill({ ...options, out: join(folder, 'mtard') });
    assert.equal(unbroken.settings.robustTeacher, card.digest);
    const out = join(folder, 'mtard-stopped');
    await assert.rejects(distill({ ...options, out, onProgress: stopAt(15) }), Stopped);
    assert.equal((await distill({ ...options, out, resume: 'matching' })).digest, unbroken.digest);

    const refused = (error: unknown) =>
      error instanceof UserError && error.code === 'no-robust-teacher';
    const { robustTeacher: _, ...alone } = adversary;
    await assert.rejects(distill({ ...options, adversary: alone, out }), refused);
    const hot = join(folder, 'hot');
    await train({ data, settings: { ...settings, epochs: 1, temperature: 5 }, out: hot });
    const foreign = { ...adversary, robustTeacher: hot };
    await assert.rejects(distill({ ...options, adversary: foreign, out }), refused);
  });
});
