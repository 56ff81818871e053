import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { PNG } from 'pngjs';
import { RunError } from '../errors.ts';
import { EventSchema, frameRecord } from '../savedmodel/index.ts';
import { unwritable } from '../storage/index.ts';

/** One image `[height, width, channels]`, row-major, in [0, 1]; 1 channel (gray) or 3 (RGB). */
export interface EventImage {
  readonly shape: readonly [number, number, number];
  readonly pixels: Float32Array;
}

/**
 * Writes one TensorBoard event file: scalars and images over training steps. Each event is on
 * disk when the call returns, so TensorBoard can follow a run in progress.
 *
 * ```ts
 * const events = new EventWriter('runs/student');
 * events.scalar('loss', 0.31, step);
 * events.close();
 * ```
 */
export class EventWriter {
  /** The file's path. */
  readonly path: string;
  readonly #descriptor: number;

  /**
   * Creates the folder where needed and starts a new file in it.
   * @throws RunError `unwritable`
   */
  constructor(folder: string) {
    const seconds = Date.now() / 1000;
    // TensorBoard reads the files of a folder in the order of their names: time first.
    const name = `events.out.tfevents.${seconds.toFixed(3)}.${hostname()}.${process.pid}`;
    this.path = join(folder, name);
    try {
      mkdirSync(folder, { recursive: true });
      this.#descriptor = openSync(this.path, 'wx');
    } catch (cause) {
      throw new RunError('unwritable', `cannot write event files into ${folder}`, {
        hint: 'choose a log folder that can be written',
        cause,
      });
    }
    this.#write({ what: { case: 'fileVersion', value: 'brain.Event:2' } });
  }

  /**
   * Records a number at a training step.
   * @throws UserError or RunError `unwritable`
   */
  scalar(tag: string, value: number, step: number): void {
    this.#summary(step, { tag, value: { case: 'simpleValue', value } });
  }

  /**
   * Records a picture at a training step; pixels outside [0, 1] are clipped.
   * @throws RangeError when the pixels do not fill the shape, or there are not 1 or 3 channels;
   *   UserError or RunError `unwritable`
   */
  image(tag: string, { shape, pixels }: EventImage, step: number): void {
    const [height, width, channels] = shape;
    const value = {
      height,
      width,
      colorspace: channels,
      encodedImageString: encodePng(shape, pixels),
    };
    this.#summary(step, { tag, value: { case: 'image', value } });
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #summary(step: number, value: SummaryValue): void {
    this.#write({
      step: BigInt(step),
      what: { case: 'summary', value: { value: [value] } },
    });
  }

  #write(event: MessageInitShape<typeof EventSchema>): void {
    const message = create(EventSchema, { wallTime: Date.now() / 1000, ...event });
    try {
      writeFileSync(this.#descriptor, frameRecord(toBinary(EventSchema, message)));
    } catch (cause) {
      throw unwritable(this.path, cause);
    }
  }
}

type SummaryValue = {
  tag: string;
  value:
    | { case: 'simpleValue'; value: number }
    | {
        case: 'image';
        value: {
          height: number;
          width: number;
          colorspace: number;
          encodedImageString: Uint8Array;
        };
      };
};

function encodePng(
  [height, width, channels]: EventImage['shape'],
  pixels: Float32Array,
): Uint8Array {
  if ((channels !== 1 && channels !== 3) || pixels.length !== height * width * channels) {
    throw new RangeError(
      `${pixels.length} pixels do not make a picture of ${height} x ${width} x ${channels}`,
    );
  }
  const png = new PNG({ width, height });
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) {
      const pixel = pixels[i * channels + (channels === 1 ? 0 : c)];
      png.data[4 * i + c] = Math.round(255 * Math.min(1, Math.max(0, pixel)));
    }
    png.data[4 * i + 3] = 255;
  }
  return PNG.sync.write(png, { colorType: channels === 1 ? 0 : 2 });
}
