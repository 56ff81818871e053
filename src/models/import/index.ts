import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { SAVED_MODEL_FILE } from '../../savedmodel/index.ts';
import { checkLogits, checkPixelRange } from './check.ts';
import { ImportError } from './errors.ts';
import { importFrozenGraph } from './frozen-graph.ts';
import type { ImportOptions } from './image.ts';
import { importKerasFile } from './keras-file.ts';
import type { BuiltNetwork } from './network-builder.ts';
import { importOnnx } from './onnx.ts';
import { pytorchAdvice } from './pytorch.ts';
import { importSavedModel } from './saved-model.ts';
import { importTfjs } from './tfjs.ts';

export { ImportError } from './errors.ts';
export {
  factorsOf,
  type ImportOptions,
  type Normalization,
  type PixelScaling,
  scalingText,
} from './image.ts';
export type { BuiltNetwork } from './network-builder.ts';

export interface ImportedNetwork extends BuiltNetwork {
  readonly format: 'savedmodel' | 'frozen-graph' | 'keras' | 'tfjs' | 'onnx';
}

const KERAS_FILES = ['.keras', '.h5', '.hdf5'];

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function read(path: string, options: ImportOptions): Promise<ImportedNetwork> {
  if (!(await stat(path).catch(() => undefined))) {
    throw new ImportError(
      'no-such-file',
      `there is no file or folder ${path}`,
      'correct the path of the model',
    );
  }
  if (await isFile(join(path, SAVED_MODEL_FILE))) {
    return { format: 'savedmodel', ...importSavedModel(path, options) };
  }
  if (await isFile(join(path, 'model.json'))) {
    return { format: 'tfjs', ...importTfjs(join(path, 'model.json'), options) };
  }
  if (await isFile(path)) {
    if (KERAS_FILES.includes(extname(path))) {
      return { format: 'keras', ...importKerasFile(path, options) };
    }
    if (extname(path) === '.onnx') return { format: 'onnx', ...importOnnx(path, options) };
    if (extname(path) === '.json') return { format: 'tfjs', ...importTfjs(path, options) };
    if (basename(path) === SAVED_MODEL_FILE) return read(dirname(path), options);
    if (extname(path) === '.pb') {
      return { format: 'frozen-graph', ...importFrozenGraph(path, options) };
    }
    const advice = pytorchAdvice(path);
    if (advice) throw advice;
  }
  throw new ImportError(
    'unknown-format',
    `${path} is no model that can be imported`,
    'name a SavedModel folder, a frozen .pb graph, a .keras or .h5 file, a TensorFlow.js model.json or an .onnx file',
  );
}

/**
 * Reads an image classifier that others trained as a network whose output is the logits, for
 * images in [0, 1]. Uses the engine, to look at the outputs.
 *
 * @param path a SavedModel folder, a frozen `.pb` graph, a `.keras` or `.h5` file, a TensorFlow.js
 *   `model.json` or its folder, or an `.onnx` file
 * @throws FormatError when a file is damaged
 * @throws ImportError when the model is no image classifier that this program can run and attack
 */
export async function importModel(
  path: string,
  options: ImportOptions = {},
): Promise<ImportedNetwork> {
  const imported = await read(path, options);
  const isGiven = options.inputRange !== undefined || options.normalization !== undefined;
  if (!isGiven && !options.anyRange) checkPixelRange(imported);
  await checkLogits(imported);
  return imported;
}
