/** How rows of numbers become images of a height, a width and channels. */
import type { ImageShape } from './dataset.ts';
import type { Purpose } from './sources/data-source.ts';

const isImageChannels = (channels: number): boolean => channels === 1 || channels === 3;

/**
 * The shape of images that are given as rows of `size` values: that of the model, where it has as
 * many; else a gray square; else one row.
 */
export function shapeOfRow(size: number, { shape }: Purpose): ImageShape {
  if (shape && shape[0] * shape[1] * shape[2] === size) return shape;
  const side = Math.sqrt(size);
  return Number.isInteger(side) ? [side, side, 1] : [1, size, 1];
}

/** The shape of images in an array, and whether the channels come before the pixels. */
export interface ArrayLayout {
  readonly shape: ImageShape;
  readonly isChannelsFirst: boolean;
}

/**
 * How an array `[N, …]` holds images: `[N, H, W]`, `[N, H, W, C]`, `[N, C, H, W]` (where the last
 * size is no number of channels and the second one is), or `[N, values]`.
 * @returns undefined for an array of any other rank
 */
export function layoutOf(sizes: readonly number[], purpose: Purpose): ArrayLayout | undefined {
  const [, a, b, c] = sizes;
  switch (sizes.length) {
    case 2:
      return { shape: shapeOfRow(a, purpose), isChannelsFirst: false };
    case 3:
      return { shape: [a, b, 1], isChannelsFirst: false };
    case 4: {
      const isChannelsFirst = !isImageChannels(c) && isImageChannels(a);
      return { shape: isChannelsFirst ? [b, c, a] : [a, b, c], isChannelsFirst };
    }
    default:
      return undefined;
  }
}

/** Images `[N, C, H, W]` as `[N, H, W, C]`. */
export function channelsLast(
  images: Uint8Array,
  [height, width, channels]: ImageShape,
): Uint8Array {
  const pixels = height * width;
  const moved = new Uint8Array(images.length);
  for (let from = 0; from < images.length; from += pixels * channels) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) {
        moved[from + p * channels + c] = images[from + c * pixels + p];
      }
    }
  }
  return moved;
}
