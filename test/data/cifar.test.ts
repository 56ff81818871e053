import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadData, loadTestData } from '../../src/data/index.ts';
import { folderOf, refused } from './folders.ts';

/** An image whose red, green and blue planes hold one value each. */
const record = (...labels: number[]) =>
  Buffer.concat([
    Buffer.from(labels),
    ...[10, 20, 30].map((value) => Buffer.alloc(1024, value + labels[0])),
  ]);
const batch = (...records: Buffer[]) => Buffer.concat(records);
const ten = Array.from({ length: 10 }, (_, c) => `class ${c}`);

describe('CIFAR-10', () => {
  it('is read from its batches, pixel by pixel, with the names of its classes', async () => {
    const folder = await folderOf({
      'data_batch_1.bin': batch(...ten.map((_, c) => record(c))),
      'data_batch_2.bin': batch(record(9), record(8)),
      'test_batch.bin': batch(record(3), record(0)),
      'batches.meta.txt': `${ten.join('\n')}\n\n`,
    });
    const { train, validation, test } = await loadData(folder);
    assert.deepEqual([train.count, validation.count, test.count], [11, 1, 2]);
    assert.deepEqual([test.shape, test.classNames], [[32, 32, 3], ten]);
    assert.deepEqual([...test.images.subarray(0, 6)], [13, 23, 33, 13, 23, 33]);
    assert.deepEqual([...train.labels], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]);
    assert.deepEqual([...validation.labels], [8]);
    const alone = await loadTestData(join(folder, 'data_batch_2.bin'));
    assert.deepEqual([[...alone.test.labels], alone.train], [[9, 8], undefined]);
  });

  it('that is damaged is refused', async () => {
    const bad = async (files: Readonly<Record<string, Uint8Array | string>>, pattern: RegExp) =>
      assert.rejects(loadTestData(await folderOf(files)), refused('bad-data', pattern));
    await bad({ 'test_batch.bin': Buffer.concat([record(1), Buffer.of(0)]) }, /no multiple of/);
    await bad({ 'test_batch.bin': '' }, /no multiple of/);
    await bad({ 'test_batch.bin': record(10) }, /label 10 at index 0 is out of range \(0 to 9\)/);
    await bad({ 'test_batch.bin': record(1), 'batches.meta.txt': 'cat\ndog' }, /names 2 classes/);
  });
});

describe('CIFAR-100', () => {
  it('has the fine label, and 100 classes', async () => {
    const names = Array.from({ length: 100 }, (_, c) => `fine ${c}`);
    const folder = await folderOf({
      'test.bin': batch(record(19, 99), record(0, 4)),
      'fine_label_names.txt': names.join('\n'),
    });
    const { test } = await loadTestData(folder);
    assert.deepEqual([[...test.labels], test.classes], [[99, 4], 100]);
    assert.deepEqual([...test.images.subarray(0, 3)], [29, 39, 49]);
    assert.equal(test.classNames?.[99], 'fine 99');
    const wrong = await folderOf({ 'test.bin': record(0, 100) });
    await assert.rejects(loadTestData(wrong), refused('bad-data', /label 100 at index 0/));
  });
});
