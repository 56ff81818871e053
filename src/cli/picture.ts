import { Chalk } from 'chalk';
import { type ImageShape, luminance } from '../data/index.ts';
import type { Terminal } from './terminal.ts';

/** From dark to light, for terminals without colors. */
const SHADES = ' .:-=+*#%@';
const DIFFERENCES = { up: '+', down: '-', none: ' ' };

type Rgb = readonly [number, number, number];

/**
 * Two pixels a character: the upper half-block's foreground over its background.
 * @param colorOf color of pixel `i`
 */
function coloredRows(
  [height, width]: readonly [number, number],
  colorOf: (i: number) => Rgb,
): string[] {
  const chalk = new Chalk({ level: 3 });
  return Array.from({ length: Math.ceil(height / 2) }, (_, row) =>
    Array.from({ length: width }, (_, x) => {
      const upper = 2 * row * width + x;
      const lower = 2 * row + 1 < height ? upper + width : upper;
      return chalk.rgb(...colorOf(upper)).bgRgb(...colorOf(lower))('▀');
    }).join(''),
  );
}

/** Two pixels a character, as `letterOf` says. */
function plainRows(
  [height, width]: readonly [number, number],
  letterOf: (upper: number, lower: number) => string,
): string[] {
  return Array.from({ length: Math.ceil(height / 2) }, (_, row) =>
    Array.from({ length: width }, (_, x) => {
      const upper = 2 * row * width + x;
      return letterOf(upper, 2 * row + 1 < height ? upper + width : upper);
    }).join(''),
  );
}

/**
 * A picture, gray or RGB, as lines of text, half as many as it has rows.
 * @param pixels `height * width * channels` bytes
 */
export function halfBlocks(
  pixels: Uint8Array,
  [height, width, channels]: ImageShape,
  terminal: Pick<Terminal, 'color'>,
): string[] {
  const isColor = channels === 3;
  const at = (i: number, c: number) => pixels[i * channels + (isColor ? c : 0)];
  if (terminal.color.level > 0) {
    return coloredRows([height, width], (i) => [at(i, 0), at(i, 1), at(i, 2)]);
  }
  const gray = (i: number) => (isColor ? luminance(at(i, 0), at(i, 1), at(i, 2)) : at(i, 0));
  return plainRows([height, width], (upper, lower) => {
    const shade = (gray(upper) + gray(lower)) / 2 / 256;
    return SHADES[Math.floor(shade * SHADES.length)];
  });
}

/**
 * A perturbation, its channels averaged, as lines of text: red where a pixel was made lighter, blue
 * where darker, full color at `eps`.
 * @param delta differences of pixel values in [0, 1]
 */
export function perturbationBlocks(
  { values: delta, shape: [height, width, channels] }: Thumbnail,
  eps: number,
  terminal: Pick<Terminal, 'color'>,
): string[] {
  const strength = (i: number) => {
    const mean = meanOf([...delta.subarray(i * channels, (i + 1) * channels)]);
    return Math.max(-1, Math.min(1, eps > 0 ? mean / eps : 0));
  };
  if (terminal.color.level > 0) {
    return coloredRows([height, width], (i) => {
      const s = strength(i);
      const faint = Math.round(255 * (1 - Math.abs(s)));
      return s > 0 ? [255, faint, faint] : [faint, faint, 255];
    });
  }
  return plainRows([height, width], (upper, lower) => {
    const mean = (strength(upper) + strength(lower)) / 2;
    if (Math.abs(mean) < 0.25) return DIFFERENCES.none;
    return mean > 0 ? DIFFERENCES.up : DIFFERENCES.down;
  });
}

/** An image, or the change of one, small enough for the terminal. */
export interface Thumbnail {
  readonly values: Float32Array;
  readonly shape: ImageShape;
}

/** Columns that a thumbnail may lose at its left and right together. */
const MOST_CROPPED = 8;
/** Rows of pixels, two a line. */
const MOST_ROWS = 96;

/**
 * An image of at most `columns` columns: squares of its pixels become one, and a few outer columns
 * are left out.
 * @param combine makes one value of those of a square
 */
export function thumbnail(
  values: Float32Array,
  [height, width, channels]: ImageShape,
  columns: number,
  combine: (values: readonly number[]) => number,
): Thumbnail {
  const block = Math.max(
    Math.ceil(width / (columns + MOST_CROPPED)),
    Math.ceil(height / MOST_ROWS),
  );
  const [rows, across] = [Math.ceil(height / block), Math.ceil(width / block)];
  const margin = Math.max(0, Math.ceil((across - columns) / 2));
  const kept = across - 2 * margin;
  const small = new Float32Array(rows * kept * channels);
  for (let i = 0; i < small.length; i++) {
    const c = i % channels;
    const left = ((Math.floor(i / channels) % kept) + margin) * block;
    const top = Math.floor(i / (channels * kept)) * block;
    const square: number[] = [];
    for (let y = top; y < Math.min(height, top + block); y++) {
      for (let x = left; x < Math.min(width, left + block); x++) {
        square.push(values[(y * width + x) * channels + c]);
      }
    }
    small[i] = combine(square);
  }
  return { values: small, shape: [rows, kept, channels] };
}

/** The mean, as of an image that is looked at from afar. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

/** The value that is furthest from zero: the mean of changes of both signs would show none. */
export const strongestOf = (values: readonly number[]): number =>
  values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);

/** Pixel values in [0, 1] as bytes. */
export const toBytes = (values: Float32Array): Uint8Array =>
  Uint8Array.from(values, (value) => Math.round(255 * value));
