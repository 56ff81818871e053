import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadData, loadTestData } from '../../src/data/index.ts';
import { bytesOf, folderOf, npy, npz, refused, rising } from './folders.ts';

const pathOf = async (arrays: Readonly<Record<string, Uint8Array>>) =>
  join(await folderOf({ 'data.npz': npz(arrays) }), 'data.npz');
const labels = (...values: number[]) => npy('|u1', [values.length], Uint8Array.from(values));
const images = (count: number, ...shape: number[]) =>
  npy('|u1', [count, ...shape], rising(count * shape.reduce((a, b) => a * b)));

describe('an .npz file', () => {
  it("has Keras's names, for training and testing", async () => {
    const path = await pathOf({
      x_train: images(24, 2, 3),
      y_train: labels(...rising(24).map((i) => i % 3)),
      x_test: images(2, 2, 3),
      y_test: labels(2, 0),
    });
    const { train, validation, test } = await loadData(path);
    assert.deepEqual([train.count, validation.count, test.count], [22, 2, 2]);
    assert.deepEqual([test.shape, test.classes], [[2, 3, 1], 3]);
    assert.deepEqual([...test.images], [...rising(12)]);
    assert.deepEqual([...test.labels], [2, 0]);
  });

  it('has images and labels alone, to test on, in any types of numbers', async () => {
    for (const [type, values] of [
      ['<i8', BigInt64Array.of(1n, 0n)],
      ['<i4', Int32Array.of(1, 0)],
      ['<f4', Float32Array.of(1, 0)],
      ['|b1', Uint8Array.of(1, 0)],
    ] as const) {
      const path = await pathOf({
        images: images(2, 2, 2, 3),
        labels: npy(type, [2, 1], bytesOf(values)),
      });
      const { test, train } = await loadTestData(path);
      assert.equal(train, undefined);
      assert.deepEqual(
        [[...test.labels], test.shape],
        [
          [1, 0],
          [2, 2, 3],
        ],
      );
    }
  });

  it('has pixels from 0 to 1 or from 0 to 255', async () => {
    const read = async (type: string, values: ArrayBufferView & { readonly length: number }) => {
      const array = npy(type, [2, 1, values.length / 2], bytesOf(values));
      const { test, notes } = await loadTestData(
        await pathOf({ images: array, labels: labels(0, 1) }),
      );
      return { images: [...test.images], notes };
    };
    const exact = await read(
      '<f4',
      Float32Array.from([0, 51, 255, 1], (byte) => byte / 255),
    );
    assert.deepEqual(exact, { images: [0, 51, 255, 1], notes: [] });
    assert.deepEqual((await read('<f8', Float64Array.of(0, 51, 255, 1))).images, [0, 51, 255, 1]);
    assert.deepEqual((await read('<i8', BigInt64Array.of(0n, 255n))).images, [0, 255]);
    const rounded = await read('<f4', Float32Array.of(0.5, 1));
    assert.deepEqual(rounded.images, [128, 255]);
    assert.match(String(rounded.notes), /rounded to 256 levels, by up to 0\.0020/);
    assert.match(String((await read('|u1', Uint8Array.of(0, 1))).notes), /all is black/);
    await assert.rejects(
      read('<f4', Float32Array.of(-1, 1)),
      refused('bad-data', /-1 at 0 is no pixel/),
    );
    await assert.rejects(
      read('<f4', Float32Array.of(0, Number.NaN)),
      refused('bad-data', /NaN at 1/),
    );
    await assert.rejects(
      read('<f4', Float32Array.of(0.5, 2)),
      refused('bad-data', /neither whole/),
    );
    await assert.rejects(read('<i2', Int16Array.of(0, 256)), refused('bad-data', /256 at 1/));
  });

  it('has channels first or last, or rows of values in the shape of the model', async () => {
    const load = (array: Uint8Array, shape?: [number, number, number]) =>
      pathOf({ images: array, labels: labels(0, 1) }).then((path) =>
        loadTestData(path, shape ? { shape } : {}),
      );
    const { test, notes } = await load(images(2, 3, 2, 2));
    assert.deepEqual(test.shape, [2, 2, 3]);
    assert.deepEqual([...test.images.subarray(0, 6)], [0, 4, 8, 1, 5, 9]);
    assert.deepEqual([...test.images.subarray(12, 15)], [12, 16, 20]);
    assert.match(String(notes), /channels were put last/);
    assert.deepEqual((await load(images(2, 16))).test.shape, [4, 4, 1]);
    assert.deepEqual((await load(images(2, 24))).test.shape, [1, 24, 1]);
    assert.deepEqual((await load(images(2, 12), [2, 2, 3])).test.shape, [2, 2, 3]);
    await assert.rejects(load(images(2, 1, 1, 1, 2)), refused('bad-data', /5 dimensions/));
  });

  it('that does not hold images and a label for each is refused, by array', async () => {
    const bad = async (arrays: Readonly<Record<string, Uint8Array>>, pattern: RegExp) =>
      assert.rejects(loadTestData(await pathOf(arrays)), refused('bad-data', pattern));
    await bad({ x_test: images(2, 2, 2) }, /its arrays are x_test/);
    await bad({ images: images(2, 2, 2), labels: labels(0) }, /labels: 1 labels for 2 images/);
    await bad(
      { images: images(2, 2, 2), labels: npy('|u1', [2, 3], new Uint8Array(6)) },
      /its shape is 2 x 3/,
    );
    await bad(
      { images: images(2, 2, 2), labels: npy('<f4', [2], bytesOf(Float32Array.of(0, 0.5))) },
      /label 0\.5 at index 1 is out of range/,
    );
    await bad(
      { images: npy('>u2', [2, 1, 1], new Uint8Array(4)), labels: labels(0, 1) },
      /of type >u2/,
    );
    await bad(
      { images: npy('|u1', [2, 1, 2], new Uint8Array(4), 'True'), labels: labels(0, 1) },
      /Fortran order/,
    );
    await bad({ images: images(2, 2, 2).subarray(0, -1), labels: labels(0, 1) }, /length differs/);
    await bad({ images: npy('|u1', [0, 2, 2], new Uint8Array()), labels: labels() }, /is empty/);
  });
});
