/** Images of your own as a data set. */
import { type Dataset, makeDataset } from '../data/index.ts';
import { UserError } from '../errors.ts';

/** Labeled images. */
export interface ImageOptions {
  /** For messages and records, such as `mnist/test`. */
  readonly name: string;
  /** `[height, width, channels]` of one image. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  /** `[N, H, W, C]` row-major: bytes, or floats in [0, 1], which are rounded to bytes. */
  readonly images: Uint8Array | Float32Array;
  /** `[N]` class numbers. */
  readonly labels: ArrayLike<number>;
}

const wrong = (name: string, problem: string, hint: string) =>
  new UserError('bad-data', `${name}: ${problem}`, { hint });

/** Pixels are stored as bytes: what a PNG file holds, and what is attacked. */
function bytesOf(name: string, images: Uint8Array | Float32Array): Uint8Array {
  if (images instanceof Uint8Array) return images;
  const outside = images.find((value) => !(value >= 0 && value <= 1));
  if (outside !== undefined) {
    throw wrong(name, `pixels go from 0 to 1, found ${outside}`, 'divide bytes by 255');
  }
  return Uint8Array.from(images, (value) => Math.round(255 * value));
}

/**
 * Makes a data set of images in memory.
 *
 * @throws UserError `bad-data` when sizes, pixels or labels do not fit together
 */
export function datasetOf({ name, shape, classes, images, labels }: ImageOptions): Dataset {
  const size = shape.reduce((a, b) => a * b, 1);
  if (shape.length !== 3 || !(size >= 1) || !shape.every(Number.isInteger)) {
    throw wrong(name, `the shape is [${shape.join(', ')}]`, 'give [height, width, channels]');
  }
  if (images.length !== labels.length * size) {
    throw wrong(
      name,
      `${labels.length} images of ${size} values expected, found ${images.length} values`,
      'give one label for each image',
    );
  }
  if (!Number.isInteger(classes) || classes < 2 || classes > 256) {
    throw wrong(name, `the number of classes is ${classes}`, 'give an integer from 2 to 256');
  }
  const stray = Array.from(labels).find((c) => !Number.isInteger(c) || c < 0 || c >= classes);
  if (stray !== undefined) {
    throw wrong(name, `labels go from 0 to ${classes - 1}, found ${stray}`, 'check the labels');
  }
  return makeDataset(name, shape, classes, bytesOf(name, images), Uint8Array.from(labels));
}
