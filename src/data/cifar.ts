/** The binary batches of CIFAR-10 and CIFAR-100: <https://www.cs.toronto.edu/~kriz/cifar.html>. */
import { UserError } from '../errors.ts';
import { MAX_BYTES, printable, readRegular } from '../storage/index.ts';
import { classesOf } from './classes.ts';
import { type Dataset, makeDataset } from './dataset.ts';
import { type CifarFiles, findCifar } from './sources/cifar-names.ts';
import type { LoadedData } from './sources/data-source.ts';

const SIDE = 32;
const SHAPE = [SIDE, SIDE, 3] as const;
const PIXELS = SIDE * SIDE;
const VALUES = 3 * PIXELS;
const MAX_NAMES_BYTES = 2 ** 16;

/** Labels before the pixels of an image, of which the last is the class. */
const LABEL_BYTES = { 10: 1, 100: 2 } as const;

function bad(path: string, problem: string): UserError {
  return new UserError('bad-data', `${path} is no usable CIFAR batch: ${problem}`, {
    hint: 'fetch the binary version of the data set again',
  });
}

/**
 * Reads a folder of batches, or one batch as test images.
 * @throws UserError `no-data`, `bad-data`
 */
export async function loadCifar(source: string): Promise<LoadedData> {
  const files = findCifar(source);
  if (!files) throw new UserError('no-data', `${source} holds no CIFAR batches`);
  const classes = (await readNames(files)) ?? files.classes;
  const load = async (part: 'train' | 'test'): Promise<Partial<Record<typeof part, Dataset>>> =>
    files[part].length === 0
      ? {}
      : { [part]: await readBatches(`${source}/${part}`, files[part], files.classes, classes) };
  return { name: source, ...(await load('train')), ...(await load('test')) };
}

/** The names of the classes, where their file is there. */
async function readNames({ names, classes }: CifarFiles): Promise<string[] | undefined> {
  if (names === undefined) return undefined;
  const text = await readRegular(names, (problem) => bad(names, problem), MAX_NAMES_BYTES);
  const lines = text
    .toString('utf8')
    .split(/\r?\n/)
    .map((line) => printable(line.trim()))
    .filter((line) => line !== '');
  if (lines.length === classes) return lines;
  throw bad(names, `it names ${lines.length} classes, not ${classes}`);
}

async function readBatches(
  name: string,
  paths: readonly string[],
  count: CifarFiles['classes'],
  classes: number | readonly string[],
): Promise<Dataset> {
  const record = LABEL_BYTES[count] + VALUES;
  const batches: Buffer[] = [];
  let left = MAX_BYTES;
  for (const path of paths) {
    const batch = await readRegular(path, (problem) => bad(path, problem), left);
    if (batch.length === 0 || batch.length % record !== 0) {
      throw bad(path, `its ${batch.length} bytes are no multiple of the ${record} of an image`);
    }
    left -= batch.length;
    batches.push(batch);
  }
  const total = batches.reduce((sum, { length }) => sum + length / record, 0);
  const images = new Uint8Array(total * VALUES);
  const labels = new Uint8Array(total);
  let i = 0;
  for (const batch of batches) {
    for (let at = 0; at < batch.length; at += record, i++) {
      labels[i] = batch[at + LABEL_BYTES[count] - 1];
      interleave(batch.subarray(at + LABEL_BYTES[count], at + record), images, i * VALUES);
    }
  }
  classesOf([{ name, labels }], { stated: count, purpose: {} });
  return makeDataset(name, SHAPE, classes, images, labels);
}

/** Puts the red, green and blue planes of an image at `to`, pixel by pixel. */
function interleave(planes: Uint8Array, images: Uint8Array, to: number): void {
  for (let p = 0; p < PIXELS; p++) {
    for (let c = 0; c < 3; c++) images[to + 3 * p + c] = planes[c * PIXELS + p];
  }
}
