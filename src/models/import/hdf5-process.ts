/** The process in which `readHdf5` reads a file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { inflateSync } from 'node:zlib';
import { File, Filters, Group } from 'jsfive';
import { type Constant, elementsOf } from './constants.ts';
import { ANSWER, type Hdf5Answer, type Hdf5Group, type Hdf5Request, REQUEST } from './hdf5.ts';

/** HDF5's number of the filter that inflates a chunk. */
const DEFLATE = 1;
const MAX_CHUNK_BYTES = 2 ** 29;
const MAX_DEPTH = 32;
const MAX_OBJECTS = 100_000;
const MAX_VALUES = 2 ** 27;

let objects = 0;
let values = 0;

function constantOf(shape: readonly number[], dtype: string, read: () => unknown[]): Constant {
  const count = elementsOf(shape);
  values += count;
  if (values > MAX_VALUES) throw new RangeError(`holds more than ${MAX_VALUES} numbers`);
  const numbers = read();
  if (numbers.length !== count) throw new RangeError('holds a data set without all its values');
  const typed = /f[24]$/.test(dtype) ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) typed[i] = Number(numbers[i]);
  return { kind: 'constant', shape, values: typed };
}

/** Text of a fixed length is filled up with zeros. */
const withoutPadding = (text: string) => text.replace(/\0+$/, '');

function textsOf(attributes: Record<string, unknown>): Map<string, string | string[]> {
  const texts = new Map<string, string | string[]>();
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string') texts.set(name, withoutPadding(value));
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) {
      texts.set(name, value.map(withoutPadding));
    }
  }
  return texts;
}

function groupOf(group: Group, depth: number, skip: readonly string[]): Hdf5Group {
  if (depth > MAX_DEPTH) throw new RangeError(`holds groups more than ${MAX_DEPTH} deep`);
  const groups = new Map<string, Hdf5Group>();
  const datasets = new Map<string, Constant>();
  for (const name of group.keys.filter((key) => !skip.includes(key))) {
    if (++objects > MAX_OBJECTS) throw new RangeError(`holds more than ${MAX_OBJECTS} objects`);
    const member = group.get(name);
    if (member instanceof Group) {
      groups.set(name, groupOf(member, depth + 1, []));
    } else if (member !== null) {
      const { dtype } = member;
      if (typeof dtype === 'string' && /[iuf]\d+$/.test(dtype)) {
        datasets.set(
          name,
          constantOf(member.shape, dtype, () => member.value),
        );
      }
    }
  }
  return { attributes: textsOf(group.attrs), groups, datasets };
}

function answer({ bytes, skip }: Hdf5Request): Hdf5Answer {
  Filters.set(DEFLATE, (chunk) => {
    const inflated = inflateSync(new Uint8Array(chunk), { maxOutputLength: MAX_CHUNK_BYTES });
    return new Uint8Array(inflated).buffer;
  });
  try {
    return { root: groupOf(new File(new Uint8Array(bytes).buffer), 0, skip) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: reason };
  }
}

const [, , folder] = process.argv;
const request: Hdf5Request = deserialize(readFileSync(join(folder, REQUEST)));
writeFileSync(join(folder, ANSWER), serialize(answer(request)));
