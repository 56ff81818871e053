/**
 * The few images that a record carries along, so that a report can show them without the data set
 * and the models: always the first ones, never picked. Bytes, for the eye; what is judged are the
 * floats.
 */
import { inflateSync } from 'node:zlib';
import { zlibSync } from 'fflate';
import { UserError } from '../errors.ts';

/** How many images a record carries. */
export const EXAMPLE_COUNT = 24;

/** Images with values in [0, 1] as bytes, compressed, in base64. */
export function packImages(values: Float32Array): string {
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * value));
  return Buffer.from(zlibSync(bytes, { level: 9 })).toString('base64');
}

/**
 * The bytes of packed images, row-major.
 * @param length how many bytes they are
 * @throws UserError `bad-record` when they are something else
 */
export function unpackImages(text: string, length: number): Uint8Array {
  try {
    const bytes = inflateSync(Buffer.from(text, 'base64'), { maxOutputLength: length });
    if (bytes.length === length) return new Uint8Array(bytes);
  } catch {
    // reported below
  }
  throw new UserError('bad-record', `the example images of this record are not ${length} bytes`, {
    hint: 'evaluate again',
  });
}
