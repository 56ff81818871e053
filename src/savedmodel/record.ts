import { maskedCrc32c } from './crc32c.ts';

/**
 * Frames one record of a TFRecord file, of which event files are one kind:
 *
 *     u64 length | masked CRC-32C of the length | data | masked CRC-32C of the data
 */
export function frameRecord(data: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(12 + data.length + 4);
  frame.writeBigUInt64LE(BigInt(data.length));
  frame.writeUInt32LE(maskedCrc32c(frame.subarray(0, 8)), 8);
  frame.set(data, 12);
  frame.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return frame;
}
