/** Images on canvases, a canvas pixel for each of theirs. */

type Shape = readonly [number, number, number];

function paint(
  canvas: HTMLCanvasElement,
  [height, width]: Shape,
  colorOf: (pixel: number) => readonly [number, number, number],
): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) throw new TypeError('this canvas has no 2D context');
  const image = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    image.data.set([...colorOf(pixel), 255], 4 * pixel);
  }
  context.putImageData(image, 0, 0);
}

/** An image with values in [0, 1], gray or RGB. */
export function paintGray(canvas: HTMLCanvasElement, values: Float32Array, shape: Shape): void {
  const channels = shape[2];
  paint(canvas, shape, (pixel) => {
    const value = (c: number) =>
      Math.round(255 * values[pixel * channels + (channels === 3 ? c : 0)]);
    return [value(0), value(1), value(2)];
  });
}

/**
 * A perturbation or gradient, its channels averaged: red where positive (lighter), blue where
 * negative (darker), full color at the largest. Where all is zero the canvas stays clear, and
 * `data-empty` gives it stripes.
 */
export function paintChange(canvas: HTMLCanvasElement, change: Float32Array, shape: Shape): void {
  const channels = shape[2];
  const most = change.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  canvas.toggleAttribute('data-empty', most === 0);
  if (most === 0) {
    canvas.width = shape[1]; // which clears it
    canvas.height = shape[0];
    return;
  }
  paint(canvas, shape, (pixel) => {
    let mean = 0;
    for (let c = 0; c < channels; c++) mean += change[pixel * channels + c] / channels;
    const strength = mean / most;
    const faint = Math.round(255 * (1 - Math.abs(strength)));
    return strength > 0 ? [255, faint, faint] : [faint, faint, 255];
  });
}
