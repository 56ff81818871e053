import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  encodeIdx,
  imagesAsFloats,
  loadData,
  loadTestData,
  noisyCopies,
  subset,
} from '../../src/data/index.ts';
import { UserError } from '../../src/errors.ts';

const refused = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof UserError && error.code === code && pattern.test(error.message);

describe('MNIST', async () => {
  const data = await loadData('mnist');

  it('is split into 55,000, 5,000 and 10,000 images that do not overlap', () => {
    const { train, validation, test } = data;
    assert.deepEqual([train.count, validation.count, test.count], [55_000, 5_000, 10_000]);
    assert.equal(new Set([...train.indices, ...validation.indices]).size, 60_000);
    assert.deepEqual(train.shape, [28, 28, 1]);
  });

  it('has the published first labels', () => {
    assert.deepEqual([...data.train.labels.subarray(0, 5)], [5, 0, 4, 1, 9]);
    assert.deepEqual([...data.test.labels.subarray(0, 5)], [7, 2, 1, 0, 4]);
  });

  it('can be cut short: the same first images, and a tenth or so for validation', async () => {
    const small = await loadData('mnist', 600);
    assert.equal(small.train.count, 600);
    assert.equal(small.validation.count, 54);
    assert.deepEqual(small.train.indices, data.train.indices.subarray(0, 600));
    assert.deepEqual(small.test.digest, data.test.digest);
    assert.notEqual(small.train.digest, data.train.digest);
  });

  it('has no images beyond its last: a subset of them is refused', () => {
    const { test } = data;
    const last = subset(test, 'last', Uint32Array.of(9_999));
    assert.deepEqual([...last.images], [...test.images.subarray(-784)]);
    for (const position of [10_000, 2 ** 32 - 1]) {
      assert.throws(() => subset(test, 'beyond', Uint32Array.of(0, position)), RangeError);
    }
  });

  it('becomes floats in [0, 1]', () => {
    const floats = imagesAsFloats(data.test, [0, 9]);
    assert.equal(floats.length, 2 * 784);
    assert.equal(Math.min(...floats), 0);
    assert.equal(Math.max(...floats), 1);
    assert.equal(floats[784 + 300], Math.fround(data.test.images[9 * 784 + 300] / 255));
  });

  it('gets noise that is within bounds and belongs to the image, not to its place', async () => {
    const one = await loadData('mnist', 600);
    const other = await loadData('mnist', 300);
    const options = { kind: 'uniform', scale: 0.1, copies: 2, seed: 4 } as const;
    const [a, b] = [noisyCopies(one.train, options), noisyCopies(other.train, options)];
    assert.equal(a.length, 2 * one.train.images.length);
    assert.deepEqual(a.subarray(0, 300 * 784), b.subarray(0, 300 * 784));
    const half = one.train.images.length;
    assert.notDeepEqual(a.subarray(0, half), a.subarray(half));
    for (let i = 0; i < half; i++) assert.ok(Math.abs(a[i] - one.train.images[i]) <= 26);
    assert.deepEqual(
      noisyCopies(other.train, { ...options, scale: 0, copies: 1 }),
      other.train.images,
    );
  });
});

describe('a data folder', () => {
  let folder: string;
  const put = (name: string, bytes: Uint8Array, shape: number[]) =>
    writeFile(join(folder, name), encodeIdx(bytes, shape));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-data-'));
    await put('train-images-idx3-ubyte', new Uint8Array(24 * 4), [24, 2, 2]);
    await put('train-labels-idx1-ubyte', new Uint8Array(24), [24]);
    await put('t10k-images-idx3-ubyte', new Uint8Array(12), [3, 2, 2]);
    await put('t10k-labels-idx1-ubyte', Uint8Array.of(0, 9, 1), [3]);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read when its four files are sound', async () => {
    const { train, validation, test } = await loadData(folder);
    assert.deepEqual([train.count, validation.count, test.count], [22, 2, 3]);
  });

  it('that is not there, or lacks a file, is refused by name', async () => {
    await assert.rejects(loadData(join(folder, 'nowhere')), refused('no-data', /no data folder/));
    await rm(join(folder, 't10k-labels-idx1-ubyte'));
    await assert.rejects(loadData(folder), refused('no-data', /lacks t10k-labels-idx1-ubyte/));
  });

  it('with counts, labels or sizes that do not fit is refused', async () => {
    await put('t10k-labels-idx1-ubyte', Uint8Array.of(0, 9), [2]);
    await assert.rejects(loadData(folder), refused('bad-data', /3 images but 2 labels/));
    await put('t10k-labels-idx1-ubyte', Uint8Array.of(0, 10, 1), [3]);
    await assert.rejects(
      loadTestData(folder, { classes: 10 }),
      refused('bad-data', /label 10 at index 1 is out of range/),
    );
    assert.equal((await loadTestData(folder)).test.classes, 11);
    await put('t10k-labels-idx1-ubyte', Uint8Array.of(0, 9, 1), [3]);
    await put('t10k-images-idx3-ubyte', new Uint8Array(27), [3, 3, 3]);
    await assert.rejects(loadData(folder), refused('bad-data', /2 x 2 x 1, test images 3 x 3 x 1/));
  });

  it('refuses a training size that is not there', async () => {
    await assert.rejects(loadData(folder, 23), refused('bad-train-size', /cannot train on 23 /));
    await assert.rejects(loadData(folder, 5), refused('bad-train-size', /cannot train on 5 /));
  });
});
