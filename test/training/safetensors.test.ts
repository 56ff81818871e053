import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeSafetensors, encodeSafetensors } from '../../src/training/safetensors.ts';

const file = fc.record({
  tensors: fc
    .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.float32Array({ maxLength: 9 })), {
      selector: ([name]) => name,
      maxLength: 5,
    })
    // Objects put keys that are numbers first, and __proto__ is no key of its own.
    .map((entries) => entries.map(([name, values]) => [`weight/${name}`, values] as const))
    .map((entries) => new Map(entries)),
  metadata: fc.record({ state: fc.json() }),
});

const bits = (tensors: ReadonlyMap<string, Float32Array>) =>
  Array.from(tensors, ([name, values]) => [name, Buffer.from(values.slice().buffer)]);

describe('safetensors files', () => {
  it('come back as they were written, bit for bit', () => {
    fc.assert(
      fc.property(file, ({ tensors, metadata }) => {
        const back = decodeSafetensors(encodeSafetensors({ tensors, metadata }));
        assert.deepEqual(bits(back.tensors), bits(tensors));
        assert.equal(back.metadata.state, metadata.state);
      }),
    );
  });

  it('with a flipped bit are refused with an Error, or are whole files of other contents', () => {
    fc.assert(
      fc.property(file, fc.nat(), (content, at) => {
        const bytes = encodeSafetensors(content);
        const bit = at % (8 * bytes.length);
        bytes[bit >> 3] ^= 1 << (bit & 7);
        let back: ReturnType<typeof decodeSafetensors>;
        try {
          back = decodeSafetensors(bytes);
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof TypeError), String(error));
          return;
        }
        const size = [...back.tensors.values()].reduce((sum, { length }) => sum + 4 * length, 0);
        const header = Buffer.from(bytes).readBigUInt64LE(0);
        assert.equal(size, bytes.length - 8 - Number(header));
      }),
      { numRuns: 2000 },
    );
  });

  it('that are cut short or too long are refused', () => {
    fc.assert(
      fc.property(file, fc.nat(), (content, at) => {
        const bytes = encodeSafetensors(content);
        assert.throws(() => decodeSafetensors(bytes.subarray(0, at % bytes.length)), Error);
        assert.throws(() => decodeSafetensors(Buffer.concat([bytes, Buffer.alloc(4)])), /fill it/);
      }),
    );
  });
});
