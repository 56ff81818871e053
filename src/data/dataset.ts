import { digestOf, sha256 } from '../storage/index.ts';

/** Labeled images, kept as bytes: MNIST takes 47 MB this way and 188 MB as floats. */
export interface Dataset {
  /** For messages and records, such as `mnist/test`. */
  readonly name: string;
  readonly count: number;
  /** `[height, width, channels]` of one image. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  /** `count * height * width * channels` bytes, row-major; 0 is black, 255 is white. */
  readonly images: Uint8Array;
  /** `count` class numbers. */
  readonly labels: Uint8Array;
  /** Position of each image in the file it came from, so that records can name it. */
  readonly indices: Uint32Array;
  /** SHA-256 over shape, images and labels. */
  readonly digest: string;
}

/** What a data source gives: nothing is ever chosen by the test set. */
export interface DataSplits {
  readonly source: string;
  readonly train: Dataset;
  /** Held back from training, for choosing and for early warning. */
  readonly validation: Dataset;
  readonly test: Dataset;
}

/** Number of values in one image. */
export function imageSize(dataset: Pick<Dataset, 'shape'>): number {
  const [height, width, channels] = dataset.shape;
  return height * width * channels;
}

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

/**
 * @param images `labels.length * height * width * channels` bytes
 * @param indices of the images in the file that they came from; absent: their positions here
 */
export function makeDataset(
  name: string,
  shape: readonly [number, number, number],
  classes: number,
  images: Uint8Array,
  labels: Uint8Array,
  indices = Uint32Array.from(labels, (_, i) => i),
): Dataset {
  const digest = digestOf({ shape, images: sha256(images), labels: sha256(labels) });
  return { name, count: labels.length, shape, classes, images, labels, indices, digest };
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
  return makeDataset(name, whole.shape, whole.classes, images, labels, indices);
}
