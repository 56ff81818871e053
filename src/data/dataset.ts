import { digestOf, sha256 } from '../storage/index.ts';

/** `[height, width, channels]` of one image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Class numbers: bytes up to 256 classes. */
export type Labels = Uint8Array | Uint16Array;

/** Most classes that a data set may have. */
export const MAX_CLASSES = 2 ** 16;

/** Labeled images, kept as bytes: MNIST takes 47 MB this way and 188 MB as floats. */
export interface Dataset {
  /** For messages and records, such as `mnist/test`. */
  readonly name: string;
  readonly count: number;
  readonly shape: ImageShape;
  readonly classes: number;
  /** What each class is called, where the data say so. */
  readonly classNames?: readonly string[];
  /** `count * height * width * channels` bytes, row-major; 0 is black, 255 is white. */
  readonly images: Uint8Array;
  /** `count` class numbers. */
  readonly labels: Labels;
  /** Position of each image in the file it came from, so that records can name it. */
  readonly indices: Uint32Array;
  /** SHA-256 over shape, images and labels. */
  readonly digest: string;
}

/** What evaluating needs of a data set; those that hold test images alone have no other parts. */
export interface TestData {
  readonly source: string;
  readonly train?: Dataset;
  /** Held back from training, for choosing and for early warning. */
  readonly validation?: Dataset;
  readonly test: Dataset;
  /** What was done to the data in reading, for the user to know. */
  readonly notes?: readonly string[];
}

/** What training needs of a data set: nothing is ever chosen by the test set. */
export type DataSplits = TestData & Required<Pick<TestData, 'train' | 'validation'>>;

/** Number of values in one image. */
export function imageSize({ shape }: { readonly shape: ImageShape }): number {
  const [height, width, channels] = shape;
  return height * width * channels;
}

/** An image's height, width and channels in words, such as `28 x 28 x 1`. */
export const shapeText = (shape: ImageShape): string => shape.join(' x ');

/**
 * The images at `positions` as float32 in [0, 1], row-major `[positions.length, H, W, C]`.
 * Only a batch at a time is ever turned into floats.
 */
export function imagesAsFloats(
  dataset: Pick<Dataset, 'shape' | 'images'>,
  positions: ArrayLike<number>,
): Float32Array {
  const size = imageSize(dataset);
  const floats = new Float32Array(positions.length * size);
  for (let i = 0; i < positions.length; i++) {
    const from = positions[i] * size;
    const to = i * size;
    for (let p = 0; p < size; p++) floats[to + p] = dataset.images[from + p] * (1 / 255);
  }
  return floats;
}

/** The labels at `positions`. */
export function labelsAt(
  dataset: Pick<Dataset, 'labels'>,
  positions: ArrayLike<number>,
): Int32Array {
  return Int32Array.from(positions, (position) => dataset.labels[position]);
}

/** Room for `count` labels of `classes` classes. */
export function newLabels(classes: number, count: number): Labels {
  return classes <= 256 ? new Uint8Array(count) : new Uint16Array(count);
}

/** Labels as bytes, for a digest. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Labels): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * @param images `labels.length * height * width * channels` bytes
 * @param indices of the images in the file that they came from; absent: their positions here
 */
export function makeDataset(
  name: string,
  shape: ImageShape,
  classes: number | readonly string[],
  images: Uint8Array,
  labels: Labels,
  indices = Uint32Array.from(labels, (_, i) => i),
): Dataset {
  const digest = digestOf({ shape, images: sha256(images), labels: sha256(bytesOf(labels)) });
  const named = typeof classes === 'number' ? { classes } : namedClasses(classes);
  return { name, count: labels.length, shape, ...named, images, labels, indices, digest };
}

const namedClasses = (classNames: readonly string[]) => ({
  classes: classNames.length,
  classNames,
});

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
  const labels = newLabels(whole.classes, positions.length);
  positions.forEach((position, i) => {
    images.set(whole.images.subarray(position * size, (position + 1) * size), i * size);
    labels[i] = whole.labels[position];
  });
  const indices = positions.map((position) => whole.indices[position]);
  const { shape, classNames, classes } = whole;
  return makeDataset(name, shape, classNames ?? classes, images, labels, indices);
}
