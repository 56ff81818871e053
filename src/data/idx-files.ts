import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { readRegular, sha256 } from '../storage/index.ts';
import { classesOf } from './classes.ts';
import { type Dataset, type ImageShape, makeDataset, newLabels } from './dataset.ts';
import { type IdxFile, readIdx } from './idx.ts';
import type { LoadedData, Purpose } from './sources/data-source.ts';
import { findIdxGroups, type IdxGroup, type IdxRole } from './sources/idx-names.ts';

/** What is known of a published data set. */
interface Published {
  /** SHA-256 of the unpacked files. */
  readonly digests: Readonly<Record<IdxRole, string>>;
  readonly classes: number;
  /** What to do when a file is another one. */
  readonly repair: string;
}

/** More than EMNIST's longest list of classes takes. */
const MAX_MAPPING_BYTES = 2 ** 16;

const LETTERS = 'emnist-letters';

function bad(name: string, problem: string): UserError {
  return new UserError('bad-data', `${name}: ${problem}`, {
    hint: 'images and labels must come from the same data set',
  });
}

/** @throws UserError `no-data` when there are several data sets, or one that is incomplete */
function onlyGroup(source: string, groups: readonly IdxGroup[]): IdxGroup {
  const [group, ...others] = groups;
  if (others.length > 0) {
    const choices = groups.map(({ split }) => (split === '' ? source : join(source, split)));
    throw new UserError('no-data', `${source} holds ${groups.length} data sets of IDX files`, {
      hint: `name one of them: ${choices.join(', ')}`,
    });
  }
  const { paths, split } = group;
  const prefix = split === '' ? '' : `${split}-`;
  const missing = (part: 'train' | 'test', stem: string): string[] => {
    const [images, labels] = [paths[`${part}Images`], paths[`${part}Labels`]];
    if (images && !labels) return [`${prefix}${stem}-labels-idx1-ubyte[.gz]`];
    return labels && !images ? [`${prefix}${stem}-images-idx3-ubyte[.gz]`] : [];
  };
  const lacks = [...missing('train', 'train'), ...missing('test', split === '' ? 't10k' : 'test')];
  if (lacks.length > 0) {
    throw new UserError('no-data', `${source} lacks ${lacks.join(' and ')}`, {
      hint: 'a data folder holds IDX files: images and labels of train and t10k, or of t10k alone',
    });
  }
  return group;
}

function idxDigest(file: IdxFile): string {
  // The unpacked file's own bytes: header and values lie side by side in one buffer.
  const header = 4 + 4 * file.dimensions.length;
  return sha256(
    new Uint8Array(file.bytes.buffer, file.bytes.byteOffset - header, file.bytes.length + header),
  );
}

interface Part {
  readonly name: string;
  readonly images: IdxFile;
  readonly labels: IdxFile;
}

/** Shape of the images, once they are known to fit their labels. @throws UserError `bad-data` */
function shapeOf({ name, images, labels }: Part): ImageShape {
  const [count, height, width, channels = 1] = images.dimensions;
  if (height === undefined || width === undefined) throw bad(name, 'the image file has no images');
  if (labels.dimensions.length !== 1) {
    throw bad(name, 'the label file holds something other than labels');
  }
  if (labels.dimensions[0] !== count) {
    throw bad(name, `${count} images but ${labels.dimensions[0]} labels`);
  }
  if (count === 0) throw bad(name, 'there are no images');
  if (images.bytes.length === 0) throw bad(name, 'its images have no pixels');
  return [height, width, channels];
}

/** Class names by number, of lines such as `10 65` or `1 65 97`: class and character codes. */
async function readMapping(path: string): Promise<ReadonlyMap<number, string>> {
  const fail = (problem: string) => bad(path, problem);
  const text = (await readRegular(path, fail, MAX_MAPPING_BYTES)).toString('latin1');
  const names = new Map<number, string>();
  for (const line of text.split(/\r?\n/).filter((one) => one.trim() !== '')) {
    const [label, ...codes] = line.trim().split(/\s+/).map(Number);
    if (codes.length === 0 || [label, ...codes].some((n) => !Number.isInteger(n) || n < 0)) {
      throw fail('its lines are not a class and its characters');
    }
    names.set(label, String.fromCharCode(...codes));
  }
  return names;
}

/**
 * EMNIST's letters count from 1. They are made to count from 0, as networks of 26 outputs do, unless
 * the network has 27 outputs, of which the first is for nothing (as in torchvision).
 */
const countsFromOne = ({ split }: IdxGroup, parts: readonly Part[], purpose: Purpose): boolean =>
  split === LETTERS &&
  purpose.classes !== 27 &&
  parts.every(({ labels }) => labels.bytes.every((label) => label > 0));

/**
 * Reads the IDX files of a folder.
 * @param name of the data set, for messages and records
 * @param source the folder, or a path in it that the names of the files begin with
 * @param published what the files must be, where the data set is a known one
 * @throws UserError `no-data` or `bad-data`
 */
export async function loadIdxFolder(
  name: string,
  source: string,
  purpose: Purpose,
  published?: Published,
): Promise<LoadedData> {
  const group = onlyGroup(source, findIdxGroups(source));
  const read = async (role: IdxRole): Promise<IdxFile | undefined> => {
    const path = group.paths[role];
    if (path === undefined) return undefined;
    const file = await readIdx(path);
    if (published && idxDigest(file) !== published.digests[role]) {
      const problem = `${path} is not the published file (SHA-256 differs)`;
      throw new UserError('bad-data', problem, { hint: published.repair });
    }
    return file;
  };
  const partOf = async (part: 'train' | 'test'): Promise<Part[]> => {
    const [images, labels] = [await read(`${part}Images`), await read(`${part}Labels`)];
    return images && labels ? [{ name: `${name}/${part}`, images, labels }] : [];
  };
  const parts = [...(await partOf('train')), ...(await partOf('test'))];
  const shapes = parts.map(shapeOf);
  const mapping = group.mapping === undefined ? undefined : await readMapping(group.mapping);
  const first = countsFromOne(group, parts, purpose) ? 1 : 0;
  const labels = parts.map((part) => part.labels.bytes.map((label) => label - first));
  const classes = classesOf(
    parts.map((part, i) => ({ name: part.name, labels: labels[i] })),
    { stated: published?.classes, purpose },
  );
  const names = Array.from({ length: classes }, (_, c) => mapping?.get(c + first) ?? '');
  const datasets = parts.map((part, i) =>
    makeDataset(
      part.name,
      shapes[i],
      names.every((one) => one !== '') ? names : classes,
      part.images.bytes,
      toLabels(labels[i], classes),
    ),
  );
  return { name, ...byPart(name, datasets), notes: notesOf(group, first) };
}

function toLabels(bytes: Uint8Array, classes: number) {
  const labels = newLabels(classes, bytes.length);
  labels.set(bytes);
  return labels;
}

function byPart(name: string, datasets: readonly Dataset[]): Omit<LoadedData, 'name'> {
  const [train, test] = ['train', 'test'].map((part) =>
    datasets.find((one) => one.name === `${name}/${part}`),
  );
  return { ...(train && { train }), ...(test && { test }) };
}

const notesOf = ({ split }: IdxGroup, first: number): string[] => [
  ...(split.startsWith('emnist')
    ? ['EMNIST holds every image transposed (rows are columns); they are taken as they are']
    : []),
  ...(first === 1 ? ['the letters are counted from 0 instead of 1'] : []),
];
