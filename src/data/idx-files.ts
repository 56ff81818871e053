import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { sha256 } from '../storage/index.ts';
import { type Dataset, makeDataset } from './dataset.ts';
import { type IdxFile, readIdx } from './idx.ts';
import type { LoadedData } from './sources/data-source.ts';

const CLASSES = 10;

const FILES = {
  trainImages: 'train-images',
  trainLabels: 'train-labels',
  testImages: 't10k-images',
  testLabels: 't10k-labels',
} as const;
type FileRole = keyof typeof FILES;

/** What is known of a published data set. */
interface Published {
  /** SHA-256 of the unpacked files. */
  readonly digests: Readonly<Record<FileRole, string>>;
  /** What to do when a file is another one. */
  readonly repair: string;
}

/** Finds a file by its stem, as in `train-images-idx3-ubyte.gz`, in any of its usual spellings. */
async function findFiles(folder: string): Promise<Record<FileRole, string>> {
  const names = (await readdir(folder)).sort();
  const found: Partial<Record<FileRole, string>> = {};
  const missing: string[] = [];
  for (const [role, stem] of Object.entries(FILES) as [FileRole, string][]) {
    const pattern = new RegExp(`^${stem}[.-]idx\\d-ubyte(\\.gz)?$`);
    const name = names.find((candidate) => pattern.test(candidate));
    if (name) found[role] = join(folder, name);
    else missing.push(`${stem}-idx${role.endsWith('Images') ? 3 : 1}-ubyte[.gz]`);
  }
  if (missing.length > 0) {
    throw new UserError('no-data', `${folder} lacks ${missing.join(' and ')}`, {
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
  return makeDataset(name, [height, width, channels], CLASSES, images.bytes, labels.bytes);
}

/**
 * Reads the four IDX files of a folder.
 * @param name of the data set, for messages and records
 * @param published what the files must be, where the data set is a known one
 * @throws UserError `no-data` or `bad-data`
 */
export async function loadIdxFolder(
  name: string,
  folder: string,
  published?: Published,
): Promise<LoadedData> {
  const paths = await findFiles(folder);
  const read = async (role: FileRole): Promise<IdxFile> => {
    const file = await readIdx(paths[role]);
    if (published && idxDigest(file) !== published.digests[role]) {
      const problem = `${paths[role]} is not the published file (SHA-256 differs)`;
      throw new UserError('bad-data', problem, { hint: published.repair });
    }
    return file;
  };
  const trainImages = await read('trainImages');
  const trainLabels = await read('trainLabels');
  const testImages = await read('testImages');
  const testLabels = await read('testLabels');
  return {
    name,
    train: pair(`${name}/train`, trainImages, trainLabels),
    test: pair(`${name}/test`, testImages, testLabels),
  };
}
