import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { type Dataset, imageSize, loadData, loadTestData } from '../../src/data/index.ts';
import { folderOf, refused } from './folders.ts';

type Color = readonly [number, number, number];

/** A picture of one color. */
const picture = (height: number, width: number, [r, g, b]: Color) =>
  sharp({ create: { height, width, channels: 3, background: { r, g, b } } });
const png = (color: Color, height = 4, width = 6) => picture(height, width, color).png().toBuffer();
const gray = (level: number) =>
  picture(4, 6, [level, level, level]).toColourspace('b-w').png().toBuffer();

/** The first pixel of every image, by label. */
function pixelsByLabel(dataset: Dataset): Map<number, string[]> {
  const found = new Map<number, string[]>();
  dataset.labels.forEach((label, i) => {
    const from = i * imageSize(dataset);
    const pixel = dataset.images.subarray(from, from + dataset.shape[2]).join(' ');
    found.set(label, [...(found.get(label) ?? []), pixel].sort());
  });
  return found;
}

describe('a folder of pictures', () => {
  it('has a folder for each class, named after it, with pictures of any kind', async () => {
    const folder = await folderOf({
      'dog/1.png': await png([250, 0, 0]),
      'cat/a.webp': await picture(4, 6, [0, 0, 250]).webp({ lossless: true }).toBuffer(),
      'cat/b.JPEG': await picture(4, 6, [100, 100, 100]).jpeg({ quality: 100 }).toBuffer(),
      'cat/notes.txt': 'no picture',
      'README.md': 'no class',
      '.hidden/x.png': '',
    });
    const { test, train, notes } = await loadTestData(folder);
    assert.deepEqual([test.classNames, test.shape, train], [['cat', 'dog'], [4, 6, 3], undefined]);
    assert.deepEqual(
      pixelsByLabel(test),
      new Map([
        [0, ['0 0 250', '100 100 100']],
        [1, ['250 0 0']],
      ]),
    );
    assert.deepEqual(notes, []);
  });

  it('in train and test is for training too; the same pictures come in the same order', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 12; i++) {
      files[`train/odd/${i}.png`] = await gray(2 * i + 1);
      files[`train/even/${i}.png`] = await gray(2 * i);
      files[`val/odd/${i}.png`] = await gray(255);
    }
    const folder = await folderOf({ ...files });
    const { train, validation, test } = await loadData(folder);
    assert.deepEqual([train.count, validation.count, test.count], [22, 2, 12]);
    assert.deepEqual(
      [train.shape, train.classNames],
      [
        [4, 6, 1],
        ['even', 'odd'],
      ],
    );
    train.labels.forEach((label, i) => {
      assert.equal(train.images[24 * i] % 2, label);
    });
    assert.equal(
      new Set(train.labels.subarray(0, 11)).size,
      2,
      'the first images are of one class',
    );
    assert.equal((await loadData(folder)).train.digest, train.digest);
  });

  it('is brought to the shape of the model, with a note', async () => {
    const folder = await folderOf({
      'a/1.png': await png([200, 0, 0], 40, 80),
      'b/1.png': await png([0, 0, 200], 8, 8),
      'b/2.png': await gray(77),
    });
    const { test, notes } = await loadTestData(folder, { shape: [8, 8, 3], classes: 2 });
    assert.deepEqual([test.shape, test.images.length], [[8, 8, 3], 3 * 192]);
    assert.match(String(notes), /2 of the 3 test pictures scaled and cropped to 8 x 8 x 3/);
    const one = await loadTestData(folder, { shape: [8, 8, 1], classes: 2 });
    const red = Math.round(0.299 * 200);
    const blue = Math.round(0.114 * 200);
    const means = new Set(one.test.images);
    assert.deepEqual(means, new Set([...means].filter((v) => [red, blue, 77].includes(v))));
    await assert.rejects(
      loadTestData(folder, { classes: 10 }),
      refused('bad-data', /has 2 classes \(a, b\), the model 10/),
    );
    await assert.rejects(loadTestData(folder, { shape: [8, 8, 2] }), /no images of 8 x 8 x 2/);
  });

  it('keeps the middle of what it crops', async () => {
    // Black, white, black; the middle third is as wide as high.
    const stripe = await picture(10, 30, [0, 0, 0])
      .composite([
        { input: await picture(10, 10, [255, 255, 255]).png().toBuffer(), left: 10, top: 0 },
      ])
      .png()
      .toBuffer();
    const folder = await folderOf({ 'a/1.png': stripe, 'b/1.png': stripe });
    const { test } = await loadTestData(folder, { shape: [10, 10, 1] });
    assert.ok(test.images.every((value) => value === 255));
  });

  it('without a model must have pictures of one size, and more than one class', async () => {
    const folder = await folderOf({
      'a/1.png': await png([200, 0, 0], 4, 4),
      'b/1.png': await png([200, 0, 0], 4, 5),
    });
    await assert.rejects(loadTestData(folder), refused('bad-data', /4 x [45].*4 x [45]/));
    const single = await folderOf({ 'a/1.png': await png([1, 1, 1]) });
    await assert.rejects(loadTestData(single), refused('bad-data', /one class alone, a/));
  });

  it('has its classes in alphabetical order, and says so of numbers', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let c = 0; c < 11; c++) files[`${c}/1.png`] = await gray(c);
    const { test, notes } = await loadTestData(await folderOf(files));
    assert.deepEqual(test.classNames?.slice(0, 3), ['0', '1', '10']);
    assert.match(String(notes), /alphabetical order.*: 0, 1, 10, 2/);
  });

  it('with a damaged picture is refused by its path', async () => {
    const good = await png([9, 9, 9]);
    const folder = await folderOf({ 'a/1.png': good, 'b/bad.png': good.subarray(0, -30) });
    await assert.rejects(loadTestData(folder), refused('bad-image', /b\/bad\.png is not a PNG/));
    const pipes = await folderOf({ 'a/1.png': good });
    await mkdir(join(pipes, 'b'));
    spawnSync('mkfifo', [join(pipes, 'b', 'pipe.png')]);
    await assert.rejects(
      loadTestData(pipes),
      refused('bad-image', /pipe\.png .* not a regular file/),
    );
  });
});
