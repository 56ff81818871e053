import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, maskCrc } from '../../src/savedmodel/crc32c.ts';

// RFC 3720, appendix B.4.
test('CRC-32C gives the known answers of the iSCSI standard', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(ascending), 0x46dd794e);
  assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c);
});

test('CRC-32C can be continued', () => {
  const bytes = new TextEncoder().encode('123456789');
  assert.equal(crc32c(bytes), 0xe3069283);
  assert.equal(crc32c(bytes.subarray(4), crc32c(bytes.subarray(0, 4))), 0xe3069283);
});

test('the mask rotates by 15 bits and adds its constant', () => {
  assert.equal(maskCrc(0), 0xa282ead8);
  assert.equal(maskCrc(1 << 15), 0xa282ead9);
  assert.equal(maskCrc(1), 0xa284ead8);
});
