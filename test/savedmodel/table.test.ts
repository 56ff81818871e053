import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys, decodeTable, encodeTable } from '../../src/savedmodel/table.ts';
import { FormatError } from '../../src/storage/index.ts';

const text = (value: string) => new TextEncoder().encode(value);

test('any set of keys and values comes back, sorted by the bytes of the keys', () => {
  const value = fc.uint8Array({ maxLength: 40 });
  const entries = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 12 }), value);
  fc.assert(
    fc.property(entries, (table) => {
      const given = Object.entries(table).map(([key, bytes]) => ({ key, value: bytes }));
      const read = decodeTable(encodeTable(given), 'table');
      assert.deepEqual(
        read.map((entry) => ({ key: entry.key, value: [...entry.value] })),
        given
          .map((entry) => ({ key: entry.key, value: [...entry.value] }))
          .sort((a, b) => compareKeys(a.key, b.key)),
      );
    }),
  );
});

test('a table of several blocks comes back', () => {
  const given = Array.from({ length: 900 }, (_, i) => ({
    key: `layer/${String(i).padStart(4, '0')}/kernel`,
    value: new Uint8Array(1000).fill(i),
  }));
  const bytes = encodeTable(given);
  assert.ok(bytes.length > 3 * 262_144);
  const read = decodeTable(bytes, 'table');
  assert.equal(read.length, 900);
  assert.equal(read[899].key, 'layer/0899/kernel');
  assert.equal(read[700].value[999], 700 % 256);
});

test('the bytes are those of the format, by hand', () => {
  const bytes = Buffer.from(encodeTable([{ key: 'ab', value: text('x') }]));
  const block = [0, 2, 1, 0x61, 0x62, 0x78, 0, 0, 0, 0, 1, 0, 0, 0];
  assert.deepEqual([...bytes.subarray(0, block.length)], block);
  assert.equal(bytes[block.length], 0, 'type: not compressed');
  assert.equal(bytes.readBigUInt64LE(bytes.length - 8), 0xdb4775248b80fb57n);
});

test('damage is refused with the name of the file', () => {
  const sound = encodeTable([
    { key: 'a', value: text('one') },
    { key: 'b', value: text('two') },
  ]);
  const refuse = (bytes: Uint8Array, reason: RegExp) =>
    assert.throws(
      () => decodeTable(bytes, 'x.index'),
      (error) =>
        error instanceof FormatError &&
        /^x\.index: /.test(error.message) &&
        reason.test(error.message),
    );
  refuse(sound.subarray(0, 20), /shorter/);
  refuse(sound.subarray(0, sound.length - 1), /magic|outside/);
  refuse(
    sound.map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
    /checksum/,
  );
  refuse(
    sound.map((byte, i) => (i === sound.length - 1 ? 0 : byte)),
    /magic/,
  );
});
