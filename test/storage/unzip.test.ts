import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { listZip } from '../../src/storage/index.ts';

const read = (archive: Uint8Array) =>
  Object.fromEntries(listZip(archive).map((entry) => [entry.name, [...entry.read()]]));

describe('ZIP archives', () => {
  const files = { 'a.txt': Uint8Array.of(1, 2, 3), 'b/ä': new Uint8Array(5000).fill(7) };

  it('come back as they were, packed or not', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,12}$/), fc.uint8Array({ maxLength: 200 })),
        fc.constantFrom(0 as const, 9 as const),
        (content, level) => {
          const expected = Object.entries(content).map(([name, bytes]) => [name, [...bytes]]);
          assert.deepEqual(read(zipSync(content, { level })), Object.fromEntries(expected));
        },
      ),
      { numRuns: 50 },
    );
    assert.deepEqual(Object.keys(read(zipSync(files))), ['a.txt', 'b/ä']);
  });

  it('with a changed byte give the same files or an error', () => {
    for (const level of [0, 9] as const) {
      const good = zipSync(files, { level });
      for (let at = 0; at < good.length; at++) {
        if (level === 0 && at > 120 && at < 4900) continue; // more of the same
        const bad = good.slice();
        bad[at] ^= 0x41;
        let contents: number[][];
        try {
          contents = Object.values(read(bad));
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof RangeError), String(error));
          assert.match(error.message, /^it |^its | in it /);
          continue;
        }
        assert.deepEqual(
          contents,
          Object.values(files).map((bytes) => [...bytes]),
        );
      }
    }
  });

  it('that say they hold more than they can are not unpacked', () => {
    const bomb = zipSync({ zeros: new Uint8Array(2 ** 20) }, { level: 9 });
    const entry = Buffer.from(bomb).lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'));
    Buffer.from(bomb.buffer).writeUInt32LE(2 ** 31, entry + 24);
    assert.throws(() => read(bomb), /another length than it says/);
    Buffer.from(bomb.buffer).writeUInt32LE(100, entry + 24);
    assert.throws(() => read(bomb), /cannot be unpacked/);
  });

  it('followed by other bytes, cut short or empty of records are refused', () => {
    const good = zipSync(files);
    assert.throws(() => listZip(Buffer.concat([good, Buffer.of(0)])), /no end record/);
    assert.throws(() => listZip(good.subarray(0, -1)), /no end record/);
    assert.throws(() => listZip(new Uint8Array()), /no end record/);
  });
});
