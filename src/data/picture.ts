/** One picture of any size and color, made into what a network takes. */
import { UserError } from '../errors.ts';
import { type ImageShape, shapeText } from './dataset.ts';
import {
  channelsOf,
  cover,
  luminance,
  openPicture,
  type Picture,
  type Pixels,
} from './pictures.ts';

/** A picture made into what a network takes, and what had to be done for that. */
export interface PreparedImage {
  /** `height * width * channels` bytes, 0 black to 255 white. */
  readonly pixels: Uint8Array;
  /** Such as `scaled from 56 x 56 to 28 x 28`; empty when the picture fitted as it was. */
  readonly changes: readonly string[];
}

/** Larger gray pictures are first scaled to this many pixels a side. */
const MAX_WORKING_SIDE = 1024;
/** Pixels that differ by less than this are nothing to see. */
const MIN_CONTRAST = 8;

/**
 * Reads a PNG, JPEG or WebP of any size and color as a network takes it, and says what it did. For a
 * gray network it becomes a white-on-black grayscale image, as digit classifiers expect; for a color
 * network it is scaled and cropped to its middle.
 *
 * @param shape that the network takes
 * @throws UserError `bad-image`, `no-decoder`
 */
export async function readImage(path: string, shape: ImageShape): Promise<PreparedImage> {
  const [height, width, channels] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new UserError('bad-image', `a picture is no image of ${shapeText(shape)}`, {
      hint: 'pictures have 1 or 3 channels',
    });
  }
  const picture = await openPicture(path);
  const { pixels, changes } =
    channels === 1
      ? await readGray(picture, [height, width])
      : await readColor(picture, [height, width]);
  const contrast =
    pixels.reduce((a, b) => Math.max(a, b)) - pixels.reduce((a, b) => Math.min(a, b));
  if (contrast < MIN_CONTRAST) changes.push('nothing is to be seen on it: all pixels are alike');
  return { pixels, changes };
}

type Size = readonly [height: number, width: number];
type Prepared = { pixels: Uint8Array; changes: string[] };

const turnedNote = ({ header }: Picture): string[] =>
  header.isTurned ? ['turned upright, as its camera says'] : [];

async function readColor(picture: Picture, [height, width]: Size): Promise<Prepared> {
  const changes = turnedNote(picture);
  const scaled = await picture.decode((one) => cover(height, width)(one.autoOrient()));
  const { height: fromHeight, width: fromWidth } = picture.header.upright;
  if (fromHeight * width !== fromWidth * height) changes.push('cropped to its middle');
  if (fromHeight !== height || fromWidth !== width) {
    changes.push(`scaled from ${fromHeight} x ${fromWidth} to ${height} x ${width}`);
  }
  if (scaled.channels === 4 && hasTransparency(scaled)) {
    changes.push('put on white, as it is transparent');
    return { pixels: channelsOf(onWhite(scaled), 3), changes };
  }
  return { pixels: channelsOf(scaled, 3), changes };
}

const hasTransparency = ({ bytes }: Pixels): boolean =>
  bytes.some((value, i) => i % 4 === 3 && value < 255);

function onWhite({ bytes, ...rest }: Pixels): Pixels {
  const mixed = bytes.map((value, i) => {
    const alpha = bytes[i - (i % 4) + 3] / 255;
    return i % 4 === 3 ? 255 : Math.round(value * alpha + 255 * (1 - alpha));
  });
  return { ...rest, bytes: mixed };
}

async function readGray(picture: Picture, [height, width]: Size): Promise<Prepared> {
  const side = MAX_WORKING_SIDE;
  const limit = { fit: 'inside', kernel: 'linear', withoutEnlargement: true } as const;
  const decoded = await picture.decode((one) =>
    one.autoOrient().resize(side, side, { ...limit, fastShrinkOnLoad: false }),
  );
  const changes = turnedNote(picture);
  const { colored, ground, ...converted } = toGray(decoded);
  let { gray } = converted;
  if (ground) changes.push(`put on ${ground}, as it is transparent`);
  if (colored) changes.push('turned to grayscale');
  if (isDarkOnLight(gray, decoded.width)) {
    gray = gray.map((value) => 255 - value);
    changes.push('inverted, as it is dark on light');
  }
  if (decoded.height !== height || decoded.width !== width) {
    let [fromHeight, fromWidth] = [decoded.height, decoded.width];
    if (height === width && fromHeight !== fromWidth) {
      const square = toSquare(gray, fromWidth, 0);
      gray = square.gray;
      fromHeight = fromWidth = square.side;
      changes.push(`padded to ${square.side} x ${square.side}`);
    }
    gray = scale(gray, [fromHeight, fromWidth], [height, width]);
    const { upright } = picture.header;
    changes.push(`scaled from ${upright.height} x ${upright.width} to ${height} x ${width}`);
  }
  return { pixels: Uint8Array.from(gray, (value) => Math.round(value)), changes };
}

/**
 * Luminance (ITU-R BT.601). What shows through a transparent picture is white where its ink is
 * dark, and black where its ink is light.
 */
function toGray({ width, height, channels, bytes }: Pixels): {
  gray: Float64Array;
  colored: boolean;
  ground: string | undefined;
} {
  const gray = new Float64Array(width * height);
  const alphaAt = (i: number) => (channels === 4 ? bytes[4 * i + 3] : 255);
  let colored = false;
  let ink = 0;
  let opacity = 0;
  for (let i = 0; i < gray.length; i++) {
    const [red, green, blue] = bytes.subarray(channels * i, channels * i + 3);
    colored ||= red !== green || green !== blue;
    gray[i] = luminance(red, green, blue);
    ink += gray[i] * alphaAt(i);
    opacity += alphaAt(i);
  }
  if (opacity === 255 * gray.length) return { gray, colored, ground: undefined };
  const ground = ink / Math.max(1, opacity) < 127.5 ? 255 : 0;
  for (let i = 0; i < gray.length; i++) {
    const alpha = alphaAt(i) / 255;
    gray[i] = gray[i] * alpha + ground * (1 - alpha);
  }
  return { gray, colored, ground: ground === 255 ? 'white' : 'black' };
}

/** Each target pixel is the mean of the area it covers, so nothing thin is lost in shrinking. */
function scale(
  source: Float64Array,
  [sourceHeight, sourceWidth]: readonly [number, number],
  [height, width]: readonly [number, number],
): Float64Array {
  const target = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [(y * sourceHeight) / height, ((y + 1) * sourceHeight) / height];
    for (let x = 0; x < width; x++) {
      const [left, right] = [(x * sourceWidth) / width, ((x + 1) * sourceWidth) / width];
      let sum = 0;
      let area = 0;
      for (let sy = Math.floor(top); sy < bottom; sy++) {
        const tall = Math.min(bottom, sy + 1) - Math.max(top, sy);
        for (let sx = Math.floor(left); sx < right; sx++) {
          const part = tall * (Math.min(right, sx + 1) - Math.max(left, sx));
          sum += part * source[sy * sourceWidth + sx];
          area += part;
        }
      }
      target[y * width + x] = sum / area;
    }
  }
  return target;
}

/** Paper is light and ink is dark: a light frame tells that the picture must be inverted. */
function isDarkOnLight(gray: Float64Array, width: number): boolean {
  const height = gray.length / width;
  const frame = Array.from(gray).filter((_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return row === 0 || column === 0 || row === height - 1 || column === width - 1;
  });
  frame.sort((a, b) => a - b);
  return frame[Math.floor(frame.length / 2)] > 127.5;
}

/** A picture that is not square is centered on a square of its ground, so that it keeps its form. */
function toSquare(
  gray: Float64Array,
  width: number,
  ground: number,
): { gray: Float64Array; side: number } {
  const height = gray.length / width;
  const side = Math.max(width, height);
  const square = new Float64Array(side * side).fill(ground);
  const [top, left] = [Math.floor((side - height) / 2), Math.floor((side - width) / 2)];
  for (let y = 0; y < height; y++) {
    square.set(gray.subarray(y * width, (y + 1) * width), (top + y) * side + left);
  }
  return { gray: square, side };
}
