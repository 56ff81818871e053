import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodeIdx, loadData, loadTestData } from '../../src/data/index.ts';
import { folderOf, refused, rising } from './folders.ts';

const labels = (...values: number[]) => encodeIdx(Uint8Array.from(values), [values.length]);
const images = (count: number, ...shape: number[]) =>
  encodeIdx(rising(count * shape.reduce((a, b) => a * b)), [count, ...shape]);

describe('a folder of IDX files', () => {
  it('may hold test images alone, gray or color, of any size and number of classes', async () => {
    for (const [shape, classes] of [
      [[1, 24], 2],
      [[8, 8], 3],
      [[4, 5, 3], 100],
    ] as const) {
      const folder = await folderOf({
        't10k-images-idx3-ubyte': images(3, ...shape),
        't10k-labels-idx1-ubyte': labels(0, classes - 1, 1),
      });
      const { test, train } = await loadTestData(folder);
      assert.equal(train, undefined);
      assert.deepEqual([test.count, test.classes], [3, classes]);
      assert.deepEqual(test.shape, [...shape, 1].slice(0, 3));
      await assert.rejects(loadData(folder), refused('no-data', /no training images/));
    }
  });

  it('that has training images alone cannot be tested on', async () => {
    const folder = await folderOf({
      'train-images-idx3-ubyte': images(24, 2, 2),
      'train-labels-idx1-ubyte': labels(...new Array(24).fill(1)),
    });
    await assert.rejects(loadTestData(folder), refused('no-data', /no test images/));
    await assert.rejects(loadData(folder), refused('no-data', /no test images/));
  });

  it('has the number of classes of the model that it is for', async () => {
    const folder = await folderOf({
      't10k-images-idx3-ubyte': images(2, 2, 2),
      't10k-labels-idx1-ubyte': labels(0, 3),
    });
    assert.equal((await loadTestData(folder)).test.classes, 4);
    assert.equal((await loadTestData(folder, { classes: 10 })).test.classes, 10);
    await assert.rejects(
      loadTestData(folder, { classes: 3 }),
      refused('bad-data', /label 3 at index 1 is out of range \(0 to 2\)/),
    );
  });

  it('is refused when it is not one whole data set', async () => {
    const folder = await folderOf({
      't10k-images-idx3-ubyte': images(2, 2, 2),
      't10k-labels-idx1-ubyte': labels(0, 1),
      'train-images-idx3-ubyte': images(2, 2, 2),
    });
    await assert.rejects(
      loadTestData(folder),
      refused('no-data', /lacks train-labels-idx1-ubyte\[\.gz\]/),
    );
  });
});

describe("EMNIST's files", () => {
  const balanced = {
    'emnist-balanced-test-images-idx3-ubyte.gz': gzipSync(images(2, 2, 2)),
    'emnist-balanced-test-labels-idx1-ubyte.gz': gzipSync(labels(46, 0)),
    'emnist-balanced-mapping.txt': Array.from({ length: 47 }, (_, c) => `${c} ${48 + c}`).join(
      '\n',
    ),
  };
  const letters = {
    'emnist-letters-test-images-idx3-ubyte': images(3, 2, 2),
    'emnist-letters-test-labels-idx1-ubyte': labels(26, 1, 2),
    'emnist-letters-mapping.txt': Array.from(
      { length: 26 },
      (_, c) => `${c + 1} ${65 + c} ${97 + c}`,
    ).join('\r\n'),
  };

  it('have names for their classes, and are taken as they are, with a note', async () => {
    const folder = await folderOf(balanced);
    const { test, notes } = await loadTestData(folder);
    assert.deepEqual([test.classes, test.classNames?.[10]], [47, ':']);
    assert.deepEqual([...test.images], [...rising(8)]);
    assert.match(String(notes), /transposed/);
  });

  it('of several splits are told apart by how their names begin', async () => {
    const folder = await folderOf({ ...balanced, ...letters });
    await assert.rejects(loadTestData(folder), (error: Error & { hint?: string }) => {
      assert.match(error.message, /holds 2 data sets/);
      assert.match(error.hint ?? '', /emnist-balanced, .*emnist-letters/);
      return true;
    });
    const { test } = await loadTestData(join(folder, 'emnist-balanced'));
    assert.equal(test.count, 2);
    await assert.rejects(
      loadTestData(join(folder, 'emnist-digits')),
      refused('no-data', /no data folder/),
    );
  });

  it('of letters count from 0, unless the model has a class for nothing', async () => {
    const folder = await folderOf(letters);
    for (const purpose of [{}, { classes: 26 }]) {
      const { test, notes } = await loadTestData(folder, purpose);
      assert.deepEqual([...test.labels], [25, 0, 1]);
      assert.deepEqual([test.classes, test.classNames?.[25]], [26, 'Zz']);
      assert.match(String(notes), /counted from 0/);
    }
    const { test } = await loadTestData(folder, { classes: 27 });
    assert.deepEqual([[...test.labels], test.classes], [[26, 1, 2], 27]);
    assert.equal(test.classNames, undefined);
  });

  it('with a list of classes that is none are refused', async () => {
    const folder = await folderOf({ ...letters, 'emnist-letters-mapping.txt': '1 A' });
    await assert.rejects(loadTestData(folder), refused('bad-data', /not a class and its char/));
  });
});
