/** Temporary folders of data files, for tests. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { zip } from '../../src/storage/index.ts';

/** Makes a folder of files that is removed after the tests; returns its path. */
export async function folderOf(files: Readonly<Record<string, Uint8Array | string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'distill-data-'));
  after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** Holds that an error is the user's, with a code, in one line that says what is wrong. */
export const refused = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, pattern);
  assert.doesNotMatch(error.message, /\n/);
  return true;
};

/** A `.npy` file of a type such as `|u1`, its values given as bytes. */
export function npy(type: string, shape: readonly number[], values: Uint8Array, order = 'False') {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${list}), }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(header, 'latin1'),
    values,
  ]);
}

/** The bytes of an array of numbers. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** An `.npz` archive of `.npy` files by name. */
export const npz = (arrays: Readonly<Record<string, Uint8Array>>) =>
  zip(Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, array])));

/** Bytes 0, 1, 2, … */
export const rising = (length: number) => Uint8Array.from({ length }, (_, i) => i % 256);
