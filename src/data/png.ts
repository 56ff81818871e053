import { readFile } from 'node:fs/promises';
import { PNG } from 'pngjs';
import { UserError } from '../errors.ts';

/** A picture made into what a network takes, and what had to be done for that. */
export interface PreparedImage {
  /** `height * width` bytes, 0 black to 255 white. */
  readonly pixels: Uint8Array;
  /** Such as `scaled from 56 x 56 to 28 x 28`; empty when the picture fitted as it was. */
  readonly changes: readonly string[];
}

const MAX_FILE_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 2 ** 26;
const PNG_SIGNATURE = '89504e470d0a1a0a';

function notAnImage(path: string, problem: string): UserError {
  return new UserError('bad-image', `${path} is not a PNG image: ${problem}`, {
    hint: 'give a PNG of one digit, such as a drawing or a scan',
  });
}

async function decode(path: string): Promise<PNG> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw notAnImage(path, error.code === 'ENOENT' ? 'there is no such file' : error.message);
  });
  if (content.length > MAX_FILE_BYTES) throw notAnImage(path, 'it is larger than 64 MiB');
  if (content.length < 24 || content.toString('hex', 0, 8) !== PNG_SIGNATURE) {
    throw notAnImage(path, 'it does not begin like one');
  }
  const [width, height] = [content.readUInt32BE(16), content.readUInt32BE(20)];
  if (width * height > MAX_PIXELS)
    throw notAnImage(path, `${width} x ${height} pixels are too many`);
  try {
    return PNG.sync.read(content);
  } catch (error) {
    throw notAnImage(path, (error as Error).message);
  }
}

/**
 * Luminance (ITU-R BT.601). What shows through a transparent picture is white where its ink is
 * dark, and black where its ink is light.
 */
function toGray(png: PNG): { gray: Float64Array; colored: boolean; ground: string | undefined } {
  const gray = new Float64Array(png.width * png.height);
  let colored = false;
  let ink = 0;
  let opacity = 0;
  for (let i = 0; i < gray.length; i++) {
    const [red, green, blue, alpha] = png.data.subarray(4 * i, 4 * i + 4);
    colored ||= red !== green || green !== blue;
    gray[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    ink += gray[i] * alpha;
    opacity += alpha;
  }
  if (opacity === 255 * gray.length) return { gray, colored, ground: undefined };
  const ground = ink / Math.max(1, opacity) < 127.5 ? 255 : 0;
  for (let i = 0; i < gray.length; i++) {
    const alpha = png.data[4 * i + 3] / 255;
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

/**
 * Reads a PNG of any size and color as the white-on-black grayscale image that a digit
 * classifier expects, and says what it did.
 *
 * @param size `[height, width]` that the network takes
 * @throws UserError `bad-image`
 */
export async function readImage(
  path: string,
  [height, width]: readonly [number, number],
): Promise<PreparedImage> {
  const png = await decode(path);
  const changes: string[] = [];
  const { colored, ground, ...converted } = toGray(png);
  let { gray } = converted;
  if (ground) changes.push(`put on ${ground}, as it is transparent`);
  if (colored) changes.push('turned to grayscale');
  if (isDarkOnLight(gray, png.width)) {
    gray = gray.map((value) => 255 - value);
    changes.push('inverted, as it is dark on light');
  }
  if (png.height !== height || png.width !== width) {
    let [fromHeight, fromWidth] = [png.height, png.width];
    if (height === width && fromHeight !== fromWidth) {
      const square = toSquare(gray, fromWidth, 0);
      gray = square.gray;
      fromHeight = fromWidth = square.side;
      changes.push(`padded to ${square.side} x ${square.side}`);
    }
    gray = scale(gray, [fromHeight, fromWidth], [height, width]);
    changes.push(`scaled from ${png.height} x ${png.width} to ${height} x ${width}`);
  }
  return { pixels: Uint8Array.from(gray, (value) => Math.round(value)), changes };
}
