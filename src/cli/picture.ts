import { Chalk } from 'chalk';
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
 * A grayscale picture as lines of text, half as many as it has rows.
 * @param pixels `height * width` bytes
 */
export function halfBlocks(
  pixels: Uint8Array,
  size: readonly [number, number],
  terminal: Pick<Terminal, 'color'>,
): string[] {
  if (terminal.color.level > 0) {
    return coloredRows(size, (i) => [pixels[i], pixels[i], pixels[i]]);
  }
  return plainRows(size, (upper, lower) => {
    const shade = (pixels[upper] + pixels[lower]) / 2 / 256;
    return SHADES[Math.floor(shade * SHADES.length)];
  });
}

/**
 * A perturbation as lines of text: red where a pixel was made lighter, blue where darker, full
 * color at `eps`.
 * @param delta `height * width` differences of pixel values in [0, 1]
 */
export function perturbationBlocks(
  delta: Float32Array,
  eps: number,
  size: readonly [number, number],
  terminal: Pick<Terminal, 'color'>,
): string[] {
  const strength = (i: number) => Math.max(-1, Math.min(1, eps > 0 ? delta[i] / eps : 0));
  if (terminal.color.level > 0) {
    return coloredRows(size, (i) => {
      const s = strength(i);
      const faint = Math.round(255 * (1 - Math.abs(s)));
      return s > 0 ? [255, faint, faint] : [faint, faint, 255];
    });
  }
  return plainRows(size, (upper, lower) => {
    const mean = (strength(upper) + strength(lower)) / 2;
    if (Math.abs(mean) < 0.25) return DIFFERENCES.none;
    return mean > 0 ? DIFFERENCES.up : DIFFERENCES.down;
  });
}

/** The picture without its outer columns, so that three of them fit side by side in 80 columns. */
export function cropColumns<T extends Uint8Array | Float32Array>(
  values: T,
  [height, width]: readonly [number, number],
  margin: number,
): T {
  const kept = width - 2 * margin;
  const cropped = values.slice(0, height * kept) as T;
  for (let y = 0; y < height; y++) {
    cropped.set(values.subarray(y * width + margin, (y + 1) * width - margin), y * kept);
  }
  return cropped;
}
