import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeNpy, encodeNpy } from '../../src/storage/index.ts';

/** An array of any shape up to three dimensions, NaN, infinities and -0 among its values. */
const array = fc
  .array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 })
  .chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc.record({
      shape: fc.constant(shape),
      values: fc.float32Array({ minLength: length, maxLength: length }),
    });
  });

describe('.npy files', () => {
  it('come back as they were written, bit for bit', () => {
    fc.assert(
      fc.property(array, ({ shape, values }) => {
        const bytes = encodeNpy(values, shape);
        assert.equal((bytes.length - values.byteLength) % 64, 0);
        const back = decodeNpy(bytes);
        assert.deepEqual(back.shape, shape);
        assert.deepEqual(Buffer.from(back.values.buffer), Buffer.from(values.slice().buffer));
      }),
    );
  });

  it('with a flipped bit in the header are refused, or say the same', () => {
    fc.assert(
      fc.property(array, fc.nat(), ({ shape, values }, at) => {
        const bytes = encodeNpy(values, shape);
        const bit = at % (8 * (bytes.length - values.byteLength));
        bytes[bit >> 3] ^= 1 << (bit & 7);
        let back: ReturnType<typeof decodeNpy>;
        try {
          back = decodeNpy(bytes);
        } catch (error) {
          assert.match((error as Error).message, /^it |^its /);
          return;
        }
        assert.equal(
          back.values.length,
          back.shape.reduce((product, size) => product * size, 1),
        );
        assert.deepEqual(Buffer.from(back.values.buffer), Buffer.from(values.slice().buffer));
      }),
      { numRuns: 2000 },
    );
  });

  it('that are cut short or too long are refused', () => {
    fc.assert(
      fc.property(array, fc.nat(), ({ shape, values }, at) => {
        const bytes = encodeNpy(values, shape);
        assert.throws(() => decodeNpy(bytes.subarray(0, at % bytes.length)), Error);
        assert.throws(() => decodeNpy(Buffer.concat([bytes, Buffer.of(0)])), /length differs/);
      }),
    );
  });
});
