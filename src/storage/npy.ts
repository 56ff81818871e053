/** NumPy's `.npy` format, version 1.0, little-endian float32, C order. */

const MAGIC = '\x93NUMPY\x01\x00';

export function encodeNpy(values: Float32Array, shape: readonly number[]): Uint8Array {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${list}), }`;
  // Header and preamble together are a multiple of 64 bytes and end in a newline.
  header = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const body = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([Buffer.from(MAGIC, 'latin1'), length, Buffer.from(header, 'latin1'), body]);
}

/**
 * Reads a `.npy` file of little-endian float32 in C order.
 * @throws Error when it is anything else, or truncated
 */
export function decodeNpy(bytes: Uint8Array): { values: Float32Array; shape: number[] } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString('latin1', 0, 8) !== MAGIC)
    throw new Error('it is no .npy file of version 1.0');
  const start = 10 + buffer.readUInt16LE(8);
  const header = buffer.toString('latin1', 10, start);
  const shape = /'shape': \(([\d, ]*)\)/.exec(header)?.[1];
  if (
    !header.includes("'<f4'") ||
    !header.includes("'fortran_order': False") ||
    shape === undefined
  ) {
    throw new Error('it holds something other than float32 in C order');
  }
  const sizes = shape
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  const count = sizes.reduce((product, size) => product * size, 1);
  if (buffer.length - start !== 4 * count) throw new Error('its length differs from its shape');
  return { values: new Float32Array(new Uint8Array(bytes.subarray(start)).buffer), shape: sizes };
}
