/**
 * Decoding PNG, JPEG and WebP by `sharp` (libvips), within limits.
 *
 * Measured on 2026-11-26 against `pngjs` 7 with `jpeg-js` 0.4, a core each: a JPEG of 12 megapixels
 * takes 0.15 s instead of 1.5 s, a PNG 0.2 s instead of 0.7 s, a JPEG of 224 x 224 1.9 ms instead of
 * 6.5 ms. sharp reads WebP, 16 bits, palettes and CMYK, and refuses a bad checksum or missing rows;
 * it takes 20 MB with its libraries, which come inside npm packages for each platform, and runs no
 * install script. The dearest picture within the limits, an interlaced PNG of 67 megapixels with 16
 * bits and transparency, took 3 s of CPU and 630 MB.
 */
import type { Metadata, Sharp } from 'sharp';
import { UserError } from '../errors.ts';
import { type Fail, readRegular } from '../storage/index.ts';

const MAX_FILE_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 2 ** 26;
const MAX_SIDE = 2 ** 14;

const SIGNATURES: readonly (readonly [offset: number, hex: string])[] = [
  [0, '89504e470d0a1a0a'],
  [0, 'ffd8ff'],
  [8, '57454250'],
];

type SharpModule = typeof import('sharp').default;
let loaded: Promise<SharpModule> | undefined;

/** @throws UserError `no-decoder` on a machine for which sharp has no binary */
function loadSharp(): Promise<SharpModule> {
  loaded ??= import('sharp').then(
    ({ default: sharp }) => {
      // Pictures are decoded once; libvips' other formats stay out of reach of files from outside.
      sharp.cache(false);
      sharp.concurrency(1);
      sharp.block({ operation: ['VipsForeignLoad'] });
      const operation = ['Png', 'Jpeg', 'Webp'].map((kind) => `VipsForeignLoad${kind}`);
      sharp.unblock({ operation });
      return sharp;
    },
    (cause) => {
      const machine = `${process.platform} ${process.arch}`;
      throw new UserError('no-decoder', `pictures cannot be decoded on this machine (${machine})`, {
        hint: 'install the package sharp with its optional dependencies, or give the images as IDX or .npz',
        cause,
      });
    },
  );
  return loaded;
}

/** What the header of a picture says. */
export interface PictureHeader {
  readonly width: number;
  readonly height: number;
  readonly isGray: boolean;
  /** Its size once it is turned as its camera was, where that was noted. */
  readonly upright: { readonly width: number; readonly height: number };
  /** Whether it must be turned. */
  readonly isTurned: boolean;
}

/** Decoded pixels, row-major. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, and alpha where the picture has it. */
  readonly channels: 3 | 4;
  readonly bytes: Uint8Array;
}

/** A picture whose header is sound and within the limits. */
export interface Picture {
  readonly header: PictureHeader;
  /**
   * Decodes it.
   * @param prepare what to do with it on the way, such as scaling
   * @throws UserError `bad-image`
   */
  decode(prepare?: (picture: Sharp) => Sharp): Promise<Pixels>;
}

/**
 * Opens a picture by its content, whatever its name says.
 * @throws UserError `bad-image`, `no-decoder`
 */
export async function openPicture(path: string): Promise<Picture> {
  const fail: Fail = (problem, cause) =>
    new UserError('bad-image', `${path} is not a PNG, JPEG or WebP picture: ${problem}`, {
      hint: 'save the picture again, as PNG for instance',
      cause,
    });
  const content = await readRegular(path, fail, MAX_FILE_BYTES);
  const isKnown = SIGNATURES.some(([offset, hex]) =>
    content
      .subarray(offset)
      .toString('hex', 0, hex.length / 2)
      .startsWith(hex),
  );
  if (!isKnown) throw fail('it does not begin like one');
  const sharp = await loadSharp();
  const open = () => sharp(content, { limitInputPixels: MAX_PIXELS, ignoreIcc: true });
  const metadata = await open()
    .metadata()
    .catch((cause: Error) => {
      const isLarge = cause.message.includes('pixel limit');
      throw fail(
        isLarge ? `it has more than ${MAX_PIXELS} pixels` : 'its header is damaged',
        cause,
      );
    });
  const { width, height } = metadata;
  if (!(width > 0 && height > 0)) throw fail('its header is damaged');
  if (Math.max(width, height) > MAX_SIDE) {
    throw fail(`its ${width} x ${height} pixels are too many; ${MAX_SIDE} a side are read`);
  }
  return {
    header: headerOf(metadata),
    async decode(prepare = (picture) => picture) {
      try {
        const { data, info } = await prepare(open())
          .toColourspace('srgb')
          .raw({ depth: 'uchar' })
          .toBuffer({ resolveWithObject: true });
        const channels = info.channels === 4 ? 4 : 3;
        return { width: info.width, height: info.height, channels, bytes: data };
      } catch (cause) {
        throw fail('its image data is damaged or incomplete', cause);
      }
    },
  };
}

const headerOf = ({
  width,
  height,
  autoOrient,
  space,
  orientation = 1,
}: Metadata): PictureHeader => ({
  width,
  height,
  upright: autoOrient,
  isGray: space === 'b-w' || space === 'grey16',
  isTurned: orientation !== 1,
});

/** Luminance of a color (ITU-R BT.601). */
export const luminance = (red: number, green: number, blue: number): number =>
  0.299 * red + 0.587 * green + 0.114 * blue;

/**
 * Scales so that the picture covers `height` x `width`, and keeps its middle: as most image
 * classifiers see pictures in training. Bilinear, with antialiasing.
 */
export const cover =
  (height: number, width: number) =>
  (picture: Sharp): Sharp =>
    picture.resize(width, height, { fit: 'cover', kernel: 'linear', fastShrinkOnLoad: false });

/** Pixels as images have them: without alpha, gray (luminance) or color. */
export function channelsOf({ channels, bytes }: Pixels, wanted: 1 | 3): Uint8Array {
  const count = bytes.length / channels;
  const values = new Uint8Array(count * wanted);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = [0, 1, 2].map((c) => bytes[i * channels + c]);
    if (wanted === 1) values[i] = Math.round(luminance(red, green, blue));
    else values.set([red, green, blue], 3 * i);
  }
  return values;
}
