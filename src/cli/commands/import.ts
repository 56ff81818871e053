import { Command } from 'commander';
import { addImportOptions, type ImportOptionFlags, MODEL_FILES } from '../import-options.ts';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addEngineOptions,
  type DataOptions,
  type EngineOptions,
} from '../options.ts';

export interface ImportFlags extends EngineOptions, DataOptions, ImportOptionFlags {
  readonly out: string;
}

export function importCommand(action: Action<[source: string, flags: ImportFlags]>): Command {
  const command = new Command('import')
    .description(
      'turn a model trained elsewhere into a model folder: a Keras file, a SavedModel, a frozen graph, a TensorFlow.js model.json, or an ONNX file',
    )
    .argument('<model>', MODEL_FILES)
    .option('--out <folder>', 'model folder to write', 'models/imported');
  return addEngineOptions(addDataOptions(addImportOptions(command)))
    .addHelpText(
      'after',
      '\nExamples:\n  distill import classifier.keras --out models/keras\n  distill import resnet.onnx --input-range 0,255 --out models/resnet',
    )
    .action(action);
}
