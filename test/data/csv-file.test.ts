import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadData, loadTestData } from '../../src/data/index.ts';
import { folderOf, refused } from './folders.ts';

const header = 'label,pixel0,pixel1,pixel2,pixel3';
const load = async (text: string | Uint8Array, purpose = {}, name = 'some.csv') =>
  loadTestData(join(await folderOf({ [name]: text }), name), purpose);

describe('a CSV file', () => {
  it('is test images, a line each, with a header or without', async () => {
    const rows = '1,0,10,20,255\n0,1,2,3,4';
    for (const text of [
      rows,
      `${header}\n${rows}\n`,
      `\ufeff"Label",a,b,c,d\r\n1,0,10,20,255\r\n0,1,2,3,4\r\n`,
    ]) {
      const { test, train } = await load(text);
      assert.deepEqual([test.shape, test.classes, train], [[2, 2, 1], 2, undefined]);
      assert.deepEqual([...test.images], [0, 10, 20, 255, 1, 2, 3, 4]);
      assert.deepEqual([...test.labels], [1, 0]);
    }
    assert.deepEqual([...(await load(`a,b,c,d,class\n9,8,7,6,1`)).test.images], [9, 8, 7, 6]);
    assert.equal((await load(gzipSync(rows), {}, 'some.csv.gz')).test.count, 2);
  });

  it('of many lines is read whole, whatever the pieces it comes in', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [i % 1000, i % 256, 7, i % 11, 255]);
    const { test } = await load(`${header}\n${rows.map((row) => row.join()).join('\n')}\n`);
    assert.deepEqual([test.count, test.classes], [20_000, 1000]);
    assert.deepEqual(
      [...test.labels],
      rows.map(([label]) => label),
    );
    assert.deepEqual(
      [...test.images],
      rows.flatMap(([, ...pixels]) => pixels),
    );
  });

  it('has images of the shape of the model, or else one row', async () => {
    const twelve = `3,${Array.from({ length: 12 }, (_, i) => i).join()}`;
    assert.deepEqual((await load(twelve)).test.shape, [1, 12, 1]);
    assert.deepEqual((await load(twelve, { shape: [2, 2, 3] })).test.shape, [2, 2, 3]);
    assert.deepEqual((await load(twelve, { shape: [28, 28, 1] })).test.shape, [1, 12, 1]);
  });

  it('that is none is refused, by line', async () => {
    const bad = (text: string, pattern: RegExp) =>
      assert.rejects(load(text), refused('bad-data', pattern));
    await bad('', /has no rows/);
    await bad(header, /has no rows/);
    await bad('1', /only one column/);
    await bad('pixel0,pixel1\n1,2', /header names none of the columns label, /);
    await bad('1,2,3,4,5\n1,2,3,4', /line 2 has 4 columns, the first has 5/);
    await bad('1,2,3,4,5\n1,2,3,4,5,6', /line 2 has 6 columns/);
    await bad('1,2,3,4,5\n\n1,2,3,4,5', /line 2: "" is no whole number/);
    await bad('1,2,3,4,256', /line 1: the pixel 256 is larger than 255/);
    await bad('70000,2,3,4,5', /line 1: the label 70000 is too large/);
    await bad('1,2,3,4,5\n1,2,3,-4,5', /line 2: "-4" is no whole number/);
    await bad('1,2,3,4,5\n1,2,3,4.5,5', /line 2: "4\.5" is no whole/);
    await bad('1,2,3,4,5\n1,2,3,4,99999999999999', /line 2: "99999999999999" is no/);
    await bad('1'.repeat(3_000_000), /line 1 is longer/);
    const cut = gzipSync(Buffer.from('1,2,3,4,5\n'.repeat(1000))).subarray(0, 40);
    await assert.rejects(load(cut, {}, 'x.csv.gz'), refused('bad-data', /cannot be read/));
    const longer = Buffer.concat([gzipSync('1,2,3,4,5'), Buffer.from('more')]);
    await assert.rejects(
      load(longer, {}, 'x.csv.gz'),
      refused('bad-data', /other bytes follow|incorrect header/),
    );
  });

  it('of a folder is for training or testing, as its name says', async () => {
    const lines = Array.from({ length: 12 }, (_, i) => `${i % 2},${i},0,0,0`).join('\n');
    const folder = await folderOf({ 'mnist_train.csv': lines, 'mnist_test.csv': '1,2,3,4,5' });
    const { train, validation, test } = await loadData(folder);
    assert.deepEqual([train.count, validation.count, test.count], [11, 1, 1]);
  });
});

describe("scikit-learn's digits", () => {
  it('have their label last and 16 for white; the last fifth is for testing', async () => {
    const lines = Array.from({ length: 20 }, (_, i) => `${'0,'.repeat(62)}8,16,${i % 10}`);
    const folder = await folderOf({ 'digits.csv.gz': gzipSync(lines.join('\n')) });
    const { train, validation, test } = await loadData(join(folder, 'digits.csv.gz'));
    assert.deepEqual([train.count, validation.count, test.count], [15, 1, 4]);
    assert.deepEqual([test.shape, test.classes], [[8, 8, 1], 10]);
    assert.deepEqual([...test.images.subarray(61, 64)], [0, 128, 255]);
    assert.deepEqual([...test.labels], [6, 7, 8, 9]);
  });
});
