/** A folder of pictures: one folder for each class, in `train` and `test` or alone. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import { MAX_BYTES, printable } from '../storage/index.ts';
import { type Dataset, type ImageShape, makeDataset, newLabels, shapeText } from './dataset.ts';
import { channelsOf, cover, openPicture } from './pictures.ts';
import type { LoadedData, Purpose } from './sources/data-source.ts';
import { classFoldersOf, findPictures, picturesIn } from './sources/picture-names.ts';

/**
 * Reads the pictures in the shape that the model takes; without a model they must have one size.
 * @throws UserError `bad-data`, `bad-image`, `no-decoder`
 */
export async function loadPictures(source: string, purpose: Purpose): Promise<LoadedData> {
  const folders = findPictures(source) ?? {};
  const parts = (['train', 'test'] as const).flatMap((part) => {
    const folder = folders[part];
    return folder === undefined ? [] : [{ part, folder }];
  });
  const classNames = classesIn(
    source,
    parts.map(({ folder }) => folder),
    purpose,
  );
  const notes = [...orderNote(classNames)];
  const data: Partial<Record<'train' | 'test', Dataset>> = {};
  let { shape } = purpose;
  for (const { part, folder } of parts) {
    const files = listed(folder, classNames);
    shape ??= await commonShape(files.map(({ path }) => path));
    const name = `${source}/${part}`;
    const { images, scaled } = await decodeAll(name, files, shape);
    if (scaled > 0) {
      notes.push(
        `${scaled} of the ${files.length} ${part} pictures scaled and cropped to ${shapeText(shape)}`,
      );
    }
    const labels = newLabels(classNames.length, files.length);
    labels.set(files.map(({ label }) => label));
    data[part] = makeDataset(name, shape, classNames.map(printable), images, labels);
  }
  return { name: source, ...data, notes };
}

/**
 * The classes, in alphabetical order as torchvision and Keras have them.
 * @throws UserError `bad-data` when the parts differ in classes, or the model has another number
 */
function classesIn(source: string, folders: readonly string[], { classes }: Purpose): string[] {
  const all = [...new Set(folders.flatMap(classFoldersOf))].sort();
  if (all.length < 2) {
    throw new UserError('bad-data', `${source} has pictures of one class alone, ${all[0]}`, {
      hint: 'give a folder with a folder of pictures for each class',
    });
  }
  if (classes !== undefined && classes !== all.length) {
    throw new UserError(
      'bad-data',
      printable(`${source} has ${all.length} classes (${all.join(', ')}), the model ${classes}`),
      { hint: 'every class needs its folder, an empty one where there is no picture of it' },
    );
  }
  return all;
}

function orderNote(names: readonly string[]): string[] {
  const numbers = names.map(Number);
  const isRising = numbers.every((n, i) => i === 0 || n > numbers[i - 1]);
  if (numbers.some(Number.isNaN) || isRising) return [];
  return [
    `classes are in alphabetical order, as torchvision and Keras have them: ${names.slice(0, 4).join(', ')}, …`,
  ];
}

interface LabeledFile {
  readonly path: string;
  readonly label: number;
}

/** Shuffled, always in the same way: the first images are then of all classes. */
function listed(folder: string, classNames: readonly string[]): LabeledFile[] {
  const files = classNames.flatMap((name, label) =>
    picturesIn(join(folder, name)).map((file) => ({ path: join(folder, name, file), label })),
  );
  const stream = new RandomStream(0, 'pictures');
  return Array.from(stream.permutation(files.length), (i) => files[i]);
}

/** The shape that pictures share: gray where all are. @throws UserError `bad-data` */
async function commonShape(paths: readonly string[]): Promise<ImageShape> {
  let isGray = true;
  let first: { path: string; width: number; height: number } | undefined;
  await inParallel(paths, async (path) => {
    const { header } = await openPicture(path);
    const { width, height } = header;
    isGray &&= header.isGray;
    first ??= { path, width, height };
    if (first.width === width && first.height === height) return;
    const [one, other] = [first, { path, width, height }].map(
      (own) => `${own.path} has ${own.height} x ${own.width}`,
    );
    throw new UserError(
      'bad-data',
      printable(`the pictures have several sizes: ${one}, ${other}`),
      {
        hint: 'scale them to one size; where a model is there, its size is taken',
      },
    );
  });
  if (!first) throw new UserError('bad-data', 'there are no pictures');
  return [first.height, first.width, isGray ? 1 : 3];
}

async function decodeAll(
  name: string,
  files: readonly LabeledFile[],
  shape: ImageShape,
): Promise<{ images: Uint8Array; scaled: number }> {
  const [height, width, channels] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new UserError('bad-data', `pictures are no images of ${shapeText(shape)}`, {
      hint: 'pictures have 1 or 3 channels',
    });
  }
  const size = height * width * channels;
  if (files.length * size > MAX_BYTES) {
    throw new UserError(
      'bad-data',
      `${name}: ${files.length} pictures of ${shapeText(shape)} are more than 2 GiB`,
      { hint: 'give fewer or smaller pictures' },
    );
  }
  const images = new Uint8Array(files.length * size);
  let scaled = 0;
  await inParallel(files, async ({ path }, i) => {
    const picture = await openPicture(path);
    const fits = picture.header.width === width && picture.header.height === height;
    if (!fits) scaled++;
    const pixels = await picture.decode(fits ? undefined : cover(height, width));
    images.set(channelsOf(pixels, channels), i * size);
  });
  return { images, scaled };
}

/** Calls `work` for every item, as many at a time as there are cores. */
async function inParallel<T>(
  items: readonly T[],
  work: (item: T, i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const i = next++;
      await work(items[i], i).catch((error) => {
        next = items.length; // the others need not go on
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
