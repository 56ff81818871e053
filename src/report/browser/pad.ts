/** A pad to draw on: an image of the models' size, painted with a soft brush. */
import { paintGray } from './pixels.ts';

/** In pixels of the image: about as thick as the strokes of MNIST. */
const BRUSH_RADIUS = 1.6;

/** How many strokes can be undone. */
const MOST_MARKED = 50;

/** In pixels of the image, from its upper left corner; the middle of the first pixel is 0.5. */
export type Point = readonly [x: number, y: number];

export type Tool = 'pen' | 'eraser';

export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly shape: readonly [number, number, number];
  readonly #onDrawn: () => void;
  readonly #marked: Float32Array[] = [];
  /** Values in [0, 1], `[H, W, C]`. */
  pixels: Float32Array;

  /** @param onDrawn called when a stroke ends */
  constructor(
    canvas: HTMLCanvasElement,
    shape: readonly [number, number, number],
    onDrawn: () => void,
  ) {
    this.#canvas = canvas;
    this.shape = shape;
    this.#onDrawn = onDrawn;
    this.pixels = new Float32Array(shape[0] * shape[1] * shape[2]);
    this.#listen();
  }

  /** Remembers the image as it is, for `undo`. */
  mark(): void {
    this.#marked.push(this.pixels.slice());
    if (this.#marked.length > MOST_MARKED) this.#marked.shift();
  }

  /** Shows the image as it was marked last; false where none was. */
  undo(): boolean {
    const last = this.#marked.pop();
    if (last) this.show(last);
    return last !== undefined;
  }

  /** Shows another image. */
  show(pixels: Float32Array): void {
    this.pixels = pixels.slice();
    paintGray(this.#canvas, this.pixels, this.shape);
  }

  clear(): void {
    this.show(new Float32Array(this.pixels.length));
  }

  /** Draws a straight part of a stroke. */
  draw([x0, y0]: Point, [x1, y1]: Point, tool: Tool): void {
    const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0) * 2) + 1;
    for (let step = 0; step <= steps; step++) {
      const part = step / steps;
      this.#dot(x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, tool);
    }
    paintGray(this.#canvas, this.pixels, this.shape);
  }

  /** Ends a stroke. */
  lift(): void {
    this.#onDrawn();
  }

  #listen(): void {
    let last: Point | undefined;
    const canvas = this.#canvas;
    const stroke = (event: PointerEvent) => {
      const point = this.#pointOf(event);
      this.draw(last ?? point, point, 'pen');
      last = point;
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.mark();
      stroke(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (last) stroke(event);
    });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(end, () => {
        if (last) this.lift();
        last = undefined;
      });
    }
  }

  #pointOf(event: PointerEvent): Point {
    const box = this.#canvas.getBoundingClientRect();
    const [height, width] = this.shape;
    return [
      ((event.clientX - box.x) / box.width) * width,
      ((event.clientY - box.y) / box.height) * height,
    ];
  }

  #dot(x: number, y: number, tool: Tool): void {
    const [height, width, channels] = this.shape;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const away = Math.hypot(column + 0.5 - x, row + 0.5 - y);
        const ink = Math.min(1, Math.max(0, BRUSH_RADIUS + 0.5 - away));
        if (ink === 0) continue;
        const from = (row * width + column) * channels;
        for (let c = from; c < from + channels; c++) {
          const old = this.pixels[c];
          this.pixels[c] = tool === 'pen' ? Math.max(old, ink) : Math.min(old, 1 - ink);
        }
      }
    }
  }
}
