/** Data sets in NumPy's `.npz` archives. */
import { UserError } from '../errors.ts';
import {
  listZip,
  MAX_BYTES,
  type NpyArray,
  parseNpy,
  printable,
  readRegular,
  type ZipEntry,
} from '../storage/index.ts';
import { classesOf } from './classes.ts';
import { type Dataset, type ImageShape, makeDataset, newLabels } from './dataset.ts';
import { channelsLast, layoutOf } from './layout.ts';
import type { LoadedData, Purpose } from './sources/data-source.ts';

/** Names of images and labels, for training and for testing; upper or lower case. */
const NAMES = {
  train: [
    ['x_train', 'y_train'],
    ['train_images', 'train_labels'],
  ],
  test: [
    ['x_test', 'y_test'],
    ['test_images', 'test_labels'],
    ['images', 'labels'],
  ],
} as const;
type PartName = keyof typeof NAMES;

/** Names in words, for messages. */
const NAMES_IN_WORDS = Object.values(NAMES)
  .flat()
  .map((pair) => pair.join(' and '))
  .join(', ');

/** Numbers of an array, whatever its type. */
type Numbers = ArrayLike<number>;

/** Readers of NumPy's types, by their names. */
const TYPES: Readonly<Record<string, (buffer: ArrayBuffer) => ArrayLike<number | bigint>>> = {
  '|b1': (buffer) => new Uint8Array(buffer),
  '|u1': (buffer) => new Uint8Array(buffer),
  '|i1': (buffer) => new Int8Array(buffer),
  '<u2': (buffer) => new Uint16Array(buffer),
  '<i2': (buffer) => new Int16Array(buffer),
  '<u4': (buffer) => new Uint32Array(buffer),
  '<i4': (buffer) => new Int32Array(buffer),
  '<u8': (buffer) => new BigUint64Array(buffer),
  '<i8': (buffer) => new BigInt64Array(buffer),
  '<f4': (buffer) => new Float32Array(buffer),
  '<f8': (buffer) => new Float64Array(buffer),
};

type Fail = (problem: string, cause?: unknown) => UserError;

/** An array with the problems that are found in it. */
interface Named extends Pick<NpyArray, 'shape'> {
  readonly values: Numbers;
  readonly fail: Fail;
}

/**
 * Reads an archive with images and labels, of both parts or of one: `x_train, y_train, x_test,
 * y_test` as Keras has them, or `images, labels`.
 * @throws UserError `no-data`, `bad-data`
 */
export async function loadNpz(source: string, purpose: Purpose): Promise<LoadedData> {
  const fail: Fail = (problem, cause) =>
    new UserError('bad-data', printable(`${source} is no usable data set: ${problem}`), {
      hint: `an .npz file holds ${NAMES_IN_WORDS}`,
      cause,
    });
  const content = await readRegular(source, fail);
  let entries: ZipEntry[];
  try {
    entries = listZip(content);
  } catch (cause) {
    throw fail((cause as Error).message, cause);
  }
  const notes: string[] = [];
  const parts = (['train', 'test'] as const).flatMap((part) => {
    const found = findPair(part, entries);
    if (!found) return [];
    const [images, labels] = found.map((entry) => readArray(entry, fail));
    return [{ part, images, labels: labelsOf(images, labels) }];
  });
  if (parts.length === 0) {
    const names = entries.map(({ name }) => name.replace(/\.npy$/, '')).join(', ');
    throw fail(`its arrays are ${names || 'none'}`);
  }
  const raw = parts.map(({ part, labels }) => ({ name: `${source}/${part}`, labels }));
  const classes = classesOf(raw, { purpose });
  const data: Partial<Record<PartName, Dataset>> = {};
  parts.forEach(({ part, images, labels }) => {
    const own = imagesOf(images, purpose);
    notes.push(...own.notes);
    const numbers = newLabels(classes, labels.length);
    numbers.set(labels);
    data[part] = makeDataset(`${source}/${part}`, own.shape, classes, own.bytes, numbers);
  });
  return { name: source, ...data, notes: [...new Set(notes)] };
}

/** Images and labels of a part, if the archive has them. */
function findPair(
  part: PartName,
  entries: readonly ZipEntry[],
): readonly [ZipEntry, ZipEntry] | undefined {
  const entryOf = (name: string) =>
    entries.find((entry) => entry.name.toLowerCase() === `${name}.npy`);
  for (const [images, labels] of NAMES[part]) {
    const [own, its] = [entryOf(images), entryOf(labels)];
    if (own && its) return [own, its];
  }
  return undefined;
}

function readArray(entry: ZipEntry, failed: Fail): Named {
  const name = entry.name.replace(/\.npy$/, '');
  const fail: Fail = (problem, cause) => failed(`${name}: ${problem}`, cause);
  if (entry.size > MAX_BYTES) throw fail('arrays of up to 2 GiB are read');
  let array: NpyArray;
  try {
    array = parseNpy(entry.read());
  } catch (cause) {
    throw fail((cause as Error).message, cause);
  }
  const { type, shape, isFortranOrder, bytes } = array;
  const read = TYPES[type];
  if (!read)
    throw fail(`its values are of type ${type}, only ${Object.keys(TYPES).join(', ')} are read`);
  if (isFortranOrder && shape.length > 1) {
    throw fail('it is in Fortran order; save numpy.ascontiguousarray of it');
  }
  // A copy begins where every type may begin.
  const values = read(new Uint8Array(bytes).buffer);
  const numbers = typeof values[0] === 'bigint' ? Float64Array.from(values, Number) : values;
  return { shape, values: numbers as Numbers, fail };
}

/** One number for each image. */
function labelsOf(images: Named, { shape, values, fail }: Named): Numbers {
  const [count, ...others] = shape;
  if (others.some((size) => size !== 1)) {
    throw fail(`its shape is ${shape.join(' x ')}; a class number for each image is expected`);
  }
  if (count !== images.shape[0]) throw fail(`${count} labels for ${images.shape[0]} images`);
  if (count === 0) throw fail('it is empty');
  return values;
}

/** Largest difference from a whole number of 255ths that storing in float32 explains. */
const ROUNDING = 1e-3;

/** The images as bytes. Fractions from 0 to 1 are taken as such, other numbers as bytes. */
function imagesOf(
  { shape: sizes, values, fail }: Named,
  purpose: Purpose,
): { shape: ImageShape; bytes: Uint8Array; notes: string[] } {
  const layout = layoutOf(sizes, purpose);
  if (!layout) throw fail(`an array of ${sizes.length} dimensions holds no images`);
  if (values.length === 0) throw fail('it is empty');
  const { bytes, notes } = toBytes(values, fail);
  if (bytes.every((byte) => byte <= 1))
    notes.push('no pixel is larger than 1 of 255: all is black');
  if (!layout.isChannelsFirst) return { shape: layout.shape, bytes, notes };
  const moved = 'its arrays are [N, C, H, W]; the channels were put last';
  return {
    shape: layout.shape,
    bytes: channelsLast(bytes, layout.shape),
    notes: [...notes, moved],
  };
}

function toBytes(values: Numbers, fail: Fail): { bytes: Uint8Array; notes: string[] } {
  if (values instanceof Uint8Array) return { bytes: values, notes: [] };
  let most = 0;
  let isWhole = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value >= 0 && value <= 255)) {
      throw fail(`value ${value} at ${i} is no pixel: they go from 0 to 255, or from 0 to 1`);
    }
    if (value > most) most = value;
    if (isWhole && !Number.isInteger(value)) isWhole = false;
  }
  const isFraction = most <= 1 && !(isWhole && !isFloat(values));
  if (!isFraction && !isWhole) {
    throw fail('its values are neither whole numbers from 0 to 255 nor fractions from 0 to 1');
  }
  const scale = isFraction ? 255 : 1;
  const bytes = new Uint8Array(values.length);
  let furthest = 0;
  for (let i = 0; i < values.length; i++) {
    bytes[i] = Math.round(values[i] * scale);
    furthest = Math.max(furthest, Math.abs(values[i] * scale - bytes[i]));
  }
  const note = `pixels were rounded to 256 levels, by up to ${(furthest / 255).toPrecision(2)}`;
  return { bytes, notes: furthest > ROUNDING ? [note] : [] };
}

const isFloat = (values: Numbers): boolean =>
  values instanceof Float32Array || values instanceof Float64Array;
