import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type NamedTensor, readBundle, writeBundle } from '../../src/savedmodel/index.ts';

let folder: string;
let prefix: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  prefix = join(folder, 'variables');
});
afterEach(() => rmSync(folder, { recursive: true }));

const tensors: NamedTensor[] = [
  { name: 'b', shape: [2, 3], data: Float32Array.of(1, -0, Number.NaN, Infinity, 1e-45, 3.4e38) },
  { name: 'a/scalar', shape: [], data: Float32Array.of(7) },
  { name: 'a/empty', shape: [0, 4], data: new Float32Array(0) },
];
const dataFile = () => `${prefix}.data-00000-of-00001`;

test('tensors come back bit for bit', () => {
  writeBundle(prefix, tensors);
  const bundle = readBundle(prefix);
  assert.deepEqual([...bundle.entries.keys()], ['a/empty', 'a/scalar', 'b']);
  for (const { name, shape, data } of tensors) {
    const read = bundle.read(name);
    assert.deepEqual(read.shape, shape);
    assert.deepEqual(new Uint32Array(read.data.buffer), new Uint32Array(data.buffer));
  }
});

test('the same tensors give the same bytes, whatever their order', () => {
  writeBundle(prefix, tensors);
  const other = join(folder, 'other');
  writeBundle(other, tensors.toReversed());
  assert.deepEqual(readFileSync(`${other}.index`), readFileSync(`${prefix}.index`));
  assert.deepEqual(readFileSync(`${other}.data-00000-of-00001`), readFileSync(dataFile()));
});

test('what does not fit its shape, or comes twice, is not written', () => {
  const short = { name: 'a', shape: [2], data: new Float32Array(1) };
  assert.throws(() => writeBundle(prefix, [short]), RangeError);
  assert.throws(() => writeBundle(prefix, [tensors[0], tensors[0]]), RangeError);
});

test('a damaged value, a truncated file and an absent tensor are each named', () => {
  writeBundle(prefix, tensors);
  assert.throws(() => readBundle(prefix).read('c'), /has no tensor "c"/);
  const bytes = readFileSync(dataFile());
  bytes[5] ^= 0x10;
  writeFileSync(dataFile(), bytes);
  assert.throws(() => readBundle(prefix).read('b'), /checksum of "b" does not match/);
  assert.equal(readBundle(prefix).read('a/scalar').data[0], 7);
  truncateSync(dataFile(), 20);
  assert.throws(() => readBundle(prefix).read('b'), /truncated/);
  rmSync(dataFile());
  assert.throws(() => readBundle(prefix).read('b'), /cannot be opened/);
});
