/** The options of commands that take a model of another program. */
import { type Command, Option } from 'commander';
import type { Normalization } from '../models/index.ts';
import { decimal, parseImageShape, parseInputRange, parseNumbers } from './parsers.ts';

/** What a model file may not say by itself. */
export interface ModelFileFlags {
  readonly imageShape?: [number, number, number];
  readonly signature?: string;
  readonly output?: string;
}

export interface ImportOptionFlags extends ModelFileFlags {
  readonly temperature: number;
  readonly inputRange?: [number, number] | 'auto';
  readonly mean?: Normalization['mean'];
  readonly std?: Normalization['std'];
}

/** What the commands that read a model file take. */
export const MODEL_FILES =
  '.keras or .h5 file, SavedModel folder, frozen .pb graph, model.json or its folder, or .onnx file';

export function addModelFileOptions(command: Command): Command {
  return command
    .option(
      '--image-shape <HxWxC>',
      'height, width and channels, if the model does not state them',
      parseImageShape,
    )
    .option('--signature <name>', 'signature of a SavedModel, if there are several')
    .option('--output <name>', 'output that holds the logits, if there are several');
}

export function addImportOptions(command: Command): Command {
  return addModelFileOptions(command)
    .option(
      '--temperature <t>',
      'softmax temperature the model was trained at',
      decimal('--temperature', 0, 10_000, true),
      1,
    )
    .option(
      '--input-range <black,white>',
      'values that the model expects for black and white, or "auto": the range that fits the images best (default: 0,1)',
      parseInputRange,
    )
    .addOption(
      new Option(
        '--mean <x,...>',
        'mean that was subtracted from pixels in [0, 1], one for all channels or one for each',
      )
        .argParser(parseNumbers('--mean', -10, 10))
        .conflicts('inputRange'),
    )
    .addOption(
      new Option('--std <x,...>', 'standard deviation that they were divided by then')
        .argParser(parseNumbers('--std', 1e-6, 10))
        .conflicts('inputRange'),
    );
}
