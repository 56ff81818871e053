/** Randomized smoothing: closed forms, and what does not depend on how it is computed. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { radiusOf } from '../../src/certification/index.ts';
import { UserError } from '../../src/errors.ts';
import { parseSmoothing } from '../../src/index.ts';
import { certifySmoothed, datasetOf, startEngine } from '../../src/library/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';

before(() => startEngine('wasm'));

const WIDTH = 8;

/** Class 1 where the pixels' mean is above 0.5: the radius is the distance to that plane. */
const brightness: Classifier = {
  name: 'brightness',
  inputShape: [WIDTH, WIDTH, 1],
  classes: 2,
  temperature: 1,
  logits: (images) =>
    tf.tidy(() => {
      const mean = tf.mean(images, [1, 2, 3]);
      return tf.stack([tf.sub(0.5, mean), tf.sub(mean, 0.5)], 1) as Logits;
    }),
};

const GRAYS = [0, 60, 100, 140, 200, 255];

const gray = datasetOf({
  name: 'gray',
  shape: [WIDTH, WIDTH, 1],
  classes: 2,
  images: Uint8Array.from(GRAYS.flatMap((value) => new Array(WIDTH * WIDTH).fill(value))),
  labels: GRAYS.map((value) => Number(value > 127)),
});

/** The L2 distance of a gray image from the plane of mean 1/2. */
const distanceOf = (value: number) => Math.abs(value / 255 - 0.5) * WIDTH;

describe('randomized smoothing', () => {
  it('finds the radius of a linear model, from below', async () => {
    const sigma = 2;
    const record = await certifySmoothed({
      model: brightness,
      data: gray,
      sigma,
      draws: 20_000,
      seed: 3,
    });
    assert.equal(record.accuracy.hits, GRAYS.length);
    for (const [i, { radius, low }] of record.answers.entries()) {
      const exact = distanceOf(GRAYS[i]);
      assert.ok(radius !== null && radius <= exact && radius > exact - 0.15, `${radius} ${exact}`);
      assert.ok(low < 1);
    }
    const radii = record.answers.map(({ radius }) => radius ?? 0);
    const mean = radii.reduce((sum, radius) => sum + radius, 0) / radii.length;
    assert.ok(Math.abs(record.averageRadius - mean) < 1e-12);
    for (const { radius, hits } of record.certified) {
      assert.equal(hits, radii.filter((one) => one >= radius).length, `at ${radius}`);
    }
    assert.deepEqual(parseSmoothing(JSON.stringify(record)), record);
  });

  it('abstains where the noise decides, and never certifies a wrong class', async () => {
    const even = datasetOf({
      name: 'even',
      shape: [WIDTH, WIDTH, 1],
      classes: 2,
      images: new Uint8Array(4 * WIDTH * WIDTH).map((_, i) => 127 + (i % 2)),
      labels: [0, 1, 0, 1],
    });
    const record = await certifySmoothed({ model: brightness, data: even, draws: 1000 });
    assert.equal(record.abstained, 4);
    assert.equal(record.accuracy.hits, 0);
    assert.equal(record.averageRadius, 0);
  });

  it('gives the radius of Cohen et al. for every count', () => {
    const all = { sigma: 0.5, draws: 100_000, alpha: 0.001 };
    // If every draw agrees, the bound is alpha ** (1 / draws).
    assert.ok(Math.abs(radiusOf(100_000, all).low - 0.001 ** 1e-5) < 1e-12);
    assert.ok(Math.abs((radiusOf(100_000, all).radius ?? 0) / 0.5 - 3.811) < 1e-3);
    assert.equal(radiusOf(50_000, all).radius, null);
    let last = 0;
    for (let hits = 50_600; hits <= 100_000; hits += 1900) {
      const { radius } = radiusOf(hits, all);
      assert.ok(radius !== null && radius > last);
      last = radius;
    }
  });

  it('depends on neither the number of images nor an interruption', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'distill-smoothing-'));
    const stateFile = join(folder, 'state.json');
    const options = { model: brightness, data: gray, draws: 500, sigma: 3, seed: 9 };
    const whole = await certifySmoothed(options);
    const some = await certifySmoothed({ ...options, samples: 2 });
    assert.deepEqual(some.answers, whole.answers.slice(0, 2));
    const other = await certifySmoothed({ ...options, seed: 10 });
    assert.notDeepEqual(other.answers, whole.answers);
    const controller = new AbortController();
    await assert.rejects(
      certifySmoothed({
        ...options,
        stateFile,
        signal: controller.signal,
        onProgress: (done) => done === 3 && controller.abort(new Error('enough')),
      }),
      /enough/,
    );
    const { done } = JSON.parse(await readFile(stateFile, 'utf8'));
    assert.equal(done.length, 3);
    const resumed = await certifySmoothed({ ...options, stateFile });
    assert.deepEqual(resumed.answers, whole.answers);
    assert.equal(resumed.inputsDigest, whole.inputsDigest);
    await assert.rejects(readFile(stateFile), { code: 'ENOENT' });
    await rm(folder, { recursive: true });
  });

  it('refuses a state of other work, and options out of range', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'distill-smoothing-'));
    const stateFile = join(folder, 'state.json');
    const options = { model: brightness, data: gray, draws: 300, stateFile };
    const stop = new AbortController();
    const stopped = { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) };
    await assert.rejects(certifySmoothed({ ...options, ...stopped }), /enough/);
    const code = (expected: string) => (error: Error) =>
      error instanceof UserError && error.code === expected;
    await assert.rejects(certifySmoothed({ ...options, sigma: 0.25 }), code('foreign-state'));
    for (const wrong of [
      { sigma: 0 },
      { sigma: Number.NaN },
      { draws: 0 },
      { draws: 1.5 },
      { draws: 1e9 },
      { alpha: 0 },
      { alpha: 0.5 },
      { samples: 7 },
    ]) {
      const { draws, ...rest } = { ...options, ...wrong };
      await assert.rejects(certifySmoothed({ ...rest, draws }), code('bad-plan'));
    }
    await rm(folder, { recursive: true });
  });
});
