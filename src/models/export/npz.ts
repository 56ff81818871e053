import { type Zippable, zipSync } from 'fflate';
import type { Weight } from '../model.ts';

/** Fixed, so that the same files give the same archive; the earliest time that ZIP can say. */
const MODIFIED = new Date(1980, 0, 1);

/** A ZIP archive, not compressed, with the same bytes for the same files. */
export function zip(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const entries = Object.entries(files).map(
    ([name, bytes]) => [name, [bytes, { level: 0, mtime: MODIFIED }]] as const,
  );
  return zipSync(Object.fromEntries(entries) as unknown as Zippable);
}

/** A float32 array in NumPy's `.npy` format, version 1.0. */
export function encodeNpy(shape: readonly number[], values: Float32Array): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Magic (6), version (2), length (2) and header end at a multiple of 64, with a line feed.
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const start = Buffer.alloc(10);
  start.write('\x93NUMPY\x01\x00', 'latin1');
  start.writeUInt16LE(length, 8);
  const text = Buffer.from(`${header.padEnd(length - 1)}\n`, 'latin1');
  return Buffer.concat([
    start,
    text,
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  ]);
}

/** NumPy's `.npz`: every weight under its name, such as `conv1/kernel`, read by `numpy.load`. */
export function exportNpz(weights: readonly Weight[]): Uint8Array {
  return zip(
    Object.fromEntries(
      weights.map(({ spec, values }) => [`${spec.name}.npy`, encodeNpy(spec.shape, values)]),
    ),
  );
}
