/** NumPy's `.npy` format. Written: version 1.0, little-endian float32, C order. */

const MAGIC = '\x93NUMPY';

export function encodeNpy(values: Float32Array, shape: readonly number[]): Uint8Array {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${list}), }`;
  // Header and preamble together are a multiple of 64 bytes and end in a newline.
  header = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const body = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const magic = Buffer.from(`${MAGIC}\x01\x00`, 'latin1');
  return Buffer.concat([magic, length, Buffer.from(header, 'latin1'), body]);
}

/** An array as a `.npy` file holds it. */
export interface NpyArray {
  /** NumPy's name of the type, such as `<f4` or `|u1`. */
  readonly type: string;
  readonly shape: readonly number[];
  /** Whether the first index changes fastest. */
  readonly isFortranOrder: boolean;
  /** The values, in the file's order. */
  readonly bytes: Uint8Array;
}

/**
 * Parses a `.npy` file of version 1 to 3. Its length is checked against its shape.
 * @throws Error when it is anything else, truncated, or too long
 */
export function parseNpy(content: Uint8Array): NpyArray {
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const version = buffer[6];
  if (buffer.toString('latin1', 0, 6) !== MAGIC || !(version >= 1 && version <= 3)) {
    throw new Error('it is no .npy file of version 1 to 3');
  }
  const from = version === 1 ? 10 : 12;
  if (buffer.length < from) throw new Error('it ends inside its header');
  const start = from + (version === 1 ? buffer.readUInt16LE(8) : buffer.readUInt32LE(8));
  if (start > buffer.length) throw new Error('it ends inside its header');
  const header = buffer.toString('latin1', from, start);
  const [, type] = /'descr': *'([<>|=][a-zA-Z]\d+)'/.exec(header) ?? [];
  const [, order] = /'fortran_order': *(True|False)/.exec(header) ?? [];
  const [, sizes] = /'shape': *\(([\d, ]*)\)/.exec(header) ?? [];
  if (type === undefined || order === undefined || sizes === undefined) {
    throw new Error('it holds something other than an array of numbers');
  }
  const shape = sizes
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = content.subarray(start);
  if (bytes.length !== Number(type.slice(2)) * count) {
    throw new Error('its length differs from its shape');
  }
  return { type, shape, isFortranOrder: order === 'True', bytes };
}

/**
 * Reads a `.npy` file of little-endian float32 in C order.
 * @throws Error when it is anything else, or truncated
 */
export function decodeNpy(content: Uint8Array): { values: Float32Array; shape: readonly number[] } {
  const { type, shape, isFortranOrder, bytes } = parseNpy(content);
  if (type !== '<f4' || isFortranOrder) {
    throw new Error('it holds something other than float32 in C order');
  }
  return { values: new Float32Array(new Uint8Array(bytes).buffer), shape };
}
