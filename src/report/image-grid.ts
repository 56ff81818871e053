import { PNG } from 'pngjs';

/** An 8-bit RGB picture, row-major. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

type Size = readonly [height: number, width: number];

/** A picture of pixel values in [0, 1], gray or RGB. */
export function pictureOf(
  values: Float32Array,
  [height, width, channels]: readonly [number, number, number],
): Picture {
  const rgb = new Uint8Array(height * width * 3);
  for (let i = 0; i < rgb.length; i++) {
    const value = channels === 3 ? values[i] : values[Math.floor(i / 3) * channels];
    rgb[i] = Math.round(255 * Math.min(1, Math.max(0, value)));
  }
  return { width, height, rgb };
}

/**
 * A picture of a perturbation, its channels averaged: red where lighter, blue where darker, white
 * where nothing changed, full color at `scale`.
 */
export function perturbationPicture(
  delta: Float32Array,
  [height, width]: Size,
  scale: number,
): Picture {
  const channels = delta.length / (height * width);
  const rgb = new Uint8Array(height * width * 3);
  for (let p = 0; p < height * width; p++) {
    let mean = 0;
    for (let c = 0; c < channels; c++) mean += delta[p * channels + c] / channels;
    const strength = scale > 0 ? Math.max(-1, Math.min(1, mean / scale)) : 0;
    const faint = Math.round(255 * (1 - Math.abs(strength)));
    rgb.set(strength > 0 ? [255, faint, faint] : [faint, faint, 255], 3 * p);
  }
  return { width, height, rgb };
}

/**
 * A PNG of pictures of one size in rows, every pixel enlarged to a square of `zoom`.
 * @param gap between the pictures, in pixels of the PNG
 * @throws RangeError when the pictures differ in size
 */
export function encodeGrid(rows: readonly (readonly Picture[])[], zoom = 6, gap = 4): Buffer {
  const [{ width, height }] = rows[0];
  if (rows.flat().some((picture) => picture.width !== width || picture.height !== height)) {
    throw new RangeError('the pictures of a grid have one size');
  }
  const isGray = rows.flat().every(({ rgb }) => rgb.every((v, i) => v === rgb[i - (i % 3)]));
  const columns = Math.max(...rows.map((row) => row.length));
  const png = new PNG({
    width: columns * (width * zoom + gap) + gap,
    height: rows.length * (height * zoom + gap) + gap,
  });
  png.data.fill(255);
  rows.forEach((row, r) => {
    row.forEach(({ rgb }, c) => {
      const left = gap + c * (width * zoom + gap);
      const top = gap + r * (height * zoom + gap);
      for (let y = 0; y < height * zoom; y++) {
        for (let x = 0; x < width * zoom; x++) {
          const from = 3 * (Math.floor(y / zoom) * width + Math.floor(x / zoom));
          png.data.set(rgb.subarray(from, from + 3), 4 * ((top + y) * png.width + left + x));
        }
      }
    });
  });
  // Filters are made for photographs: perturbations come out half the size without.
  return PNG.sync.write(png, { colorType: isGray ? 0 : 2, deflateStrategy: 0, filterType: 0 });
}
