import { ImportError } from './errors.ts';
import { affine } from './layers.ts';
import type { Feature } from './network-builder.ts';
import { NetworkBuilder } from './network-builder.ts';

/** `(x - mean) / std` of pixels in [0, 1], with one number for all channels or one for each. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How pixels were scaled in a model's training; neither: black was 0 and white 1. */
export interface PixelScaling {
  /** What black and white were. */
  readonly inputRange?: readonly [number, number];
  readonly normalization?: Normalization;
}

/** What a user may specify where the model does not. */
export interface ImportOptions extends PixelScaling {
  /** `[height, width, channels]`, where the model's input is flat or its sizes are unknown. */
  readonly imageShape?: readonly [number, number, number];
  /** Which signature of a SavedModel to follow, when there are several. */
  readonly signature?: string;
  /** Whether the caller finds the pixel range: a model that seems to expect another is not refused. */
  readonly anyRange?: boolean;
  /** Which output holds the scores, when there are several. */
  readonly output?: string;
}

/** The shape of one image, from the sizes of the model's input without the batch axis. */
export function imageShapeOf(
  sizes: readonly number[],
  given: ImportOptions['imageShape'],
): readonly [number, number, number] {
  const known = sizes.every((size) => Number.isInteger(size) && size > 0);
  if (given !== undefined) {
    const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
    if (known && count(given) !== count(sizes)) {
      throw new ImportError(
        'bad-image-shape',
        `images of ${given.join('x')} do not fit the model's input [${['N', ...sizes]}]`,
        'correct the image shape',
      );
    }
    return given;
  }
  const side = Math.sqrt(sizes[0]);
  if (known && sizes.length === 3) return [sizes[0], sizes[1], sizes[2]];
  const isVector = sizes.length === 1 || (sizes.length === 2 && sizes[1] === 1);
  if (known && isVector && Number.isInteger(side)) return [side, side, 1];
  if (known && sizes.length === 2) return [sizes[0], sizes[1], 1];
  throw new ImportError(
    'bad-image-shape',
    `the model's input [${['N', ...sizes]}] does not say what shape its images have`,
    'give the image shape, for example 28x28x1',
  );
}

/**
 * The one input of a model.
 * @param what has the inputs, for messages
 * @throws ImportError `bad-input` when there are none or several
 */
export function onlyInput(names: readonly string[], what = 'the model'): string {
  if (names.length === 1) return names[0];
  throw new ImportError(
    'bad-input',
    `${what} has ${names.length} inputs: ${names.join(', ')}`,
    'export a model whose only input is a batch of images',
  );
}

function badRange(problem: string): ImportError {
  const hint = 'give the values of black and of white, for example 0,255, or mean and deviation';
  return new ImportError('bad-input-range', problem, hint);
}

/**
 * Factors that turn pixels in [0, 1] into what a model expects: `x * scale + offset`.
 * @param channels of an image
 * @returns one number for all channels, or one for each
 * @throws ImportError `bad-input-range`
 */
export function factorsOf(
  { inputRange: [low, high] = [0, 1], normalization }: PixelScaling,
  channels: number,
): { scale: readonly number[]; offset: readonly number[] } {
  if (normalization === undefined) {
    if (low === high || !Number.isFinite(high - low)) {
      throw badRange(`${low} to ${high} is no range of pixel values`);
    }
    return { scale: [high - low], offset: [low] };
  }
  const { mean, std } = normalization;
  const fits = (values: readonly number[]) => values.length === 1 || values.length === channels;
  if (!fits(mean) || !fits(std)) {
    throw badRange(
      `a mean of ${mean.length} and a deviation of ${std.length} channels, not ${channels}`,
    );
  }
  const scale = Array.from({ length: channels }, (_, c) => 1 / (std[c] ?? std[0]));
  return { scale, offset: scale.map((factor, c) => -factor * (mean[c] ?? mean[0])) };
}

/** A scaling in words, such as `0 to 255`. */
export function scalingText({ inputRange = [0, 1], normalization }: PixelScaling): string {
  if (normalization === undefined) return inputRange.join(' to ');
  const { mean, std } = normalization;
  return `mean ${mean.join(', ')} and standard deviation ${std.join(', ')}`;
}

/** A start for the network: images in [0, 1], scaled as the model expects them. */
export function startNetwork(
  shape: readonly [number, number, number],
  options: ImportOptions,
): { builder: NetworkBuilder; input: Feature } {
  const builder = new NetworkBuilder(shape);
  const { scale, offset } = factorsOf(options, shape[2]);
  return { builder, input: affine(builder, builder.image, scale, offset) };
}
