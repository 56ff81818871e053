import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addEngineOptions,
  type DataOptions,
  type EngineOptions,
} from '../options.ts';
import { decimal, integer, parseImageShape, parseInputRange } from '../parsers.ts';

export interface ImportFlags extends EngineOptions, DataOptions {
  readonly out: string;
  readonly temperature: number;
  readonly imageShape?: [number, number, number];
  readonly inputRange?: [number, number];
  readonly signature?: string;
  readonly output?: string;
  readonly samples: number;
}

export function importCommand(action: Action<[source: string, flags: ImportFlags]>): Command {
  const command = new Command('import')
    .description(
      'turn a model trained elsewhere into a model folder: a SavedModel (TensorFlow, Keras), a frozen graph, a TensorFlow.js model.json, or an ONNX file',
    )
    .argument('<model>', 'SavedModel folder, .pb file, model.json or its folder, or .onnx file')
    .option('--out <folder>', 'model folder to write', 'models/imported')
    .option(
      '--temperature <t>',
      'softmax temperature the model was trained at',
      decimal('--temperature', 0, 10_000, true),
      1,
    )
    .option(
      '--input-range <black,white>',
      'values that the model expects for black and white (default: 0,1)',
      parseInputRange,
    )
    .option(
      '--image-shape <HxWxC>',
      'height, width and channels, if the model does not state them',
      parseImageShape,
    )
    .option('--signature <name>', 'signature of a SavedModel, if there are several')
    .option('--output <name>', 'output that holds the logits, if there are several')
    .option(
      '--samples <n>',
      'check the accuracy on the first n test images',
      integer('--samples', 1),
      1000,
    );
  return addEngineOptions(addDataOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  distill import keras-model/ --out models/keras\n  distill import resnet.onnx --input-range 0,255 --out models/resnet',
    )
    .action(action);
}
