import { ImportError } from './errors.ts';
import { affine } from './layers.ts';
import type { Feature } from './network-builder.ts';
import { NetworkBuilder } from './network-builder.ts';

/** What a user may specify where the model does not. */
export interface ImportOptions {
  /** `[height, width, channels]`, where the model's input is flat or its sizes are unknown. */
  readonly imageShape?: readonly [number, number, number];
  /** What black and white were in the model's training, when not 0 and 1. */
  readonly inputRange?: readonly [number, number];
  /** Which signature of a SavedModel to follow, when there are several. */
  readonly signature?: string;
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

/** A start for the network: images in [0, 1], stretched to the range the model expects. */
export function startNetwork(
  shape: readonly [number, number, number],
  options: ImportOptions,
): { builder: NetworkBuilder; input: Feature } {
  const builder = new NetworkBuilder(shape);
  const [low, high] = options.inputRange ?? [0, 1];
  if (low === high || !Number.isFinite(high - low)) {
    throw new ImportError(
      'bad-input-range',
      `${low} to ${high} is no range of pixel values`,
      'give the values of black and of white, for example 0,255',
    );
  }
  return { builder, input: affine(builder, builder.image, [high - low], [low]) };
}
