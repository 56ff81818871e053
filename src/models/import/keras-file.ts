/** Files that Keras writes: `.h5` of Keras 1 to 3, and `.keras` archives. */
import { FormatError, isZip, readFileBytes, unzip } from '../../storage/index.ts';
import { damaged, ImportError } from './errors.ts';
import { type Hdf5Group, isHdf5, readHdf5 } from './hdf5.ts';
import type { ImportOptions } from './image.ts';
import { object } from './json.ts';
import { importKerasModel, type KerasModel } from './keras-model.ts';
import { archiveWeights, CONTAINERS, h5Weights } from './keras-weights.ts';
import type { BuiltNetwork } from './network-builder.ts';

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';

/** Groups of the optimizer, as large as the weights and of no use here. */
const OPTIMIZER = ['optimizer', 'optimizer_weights'];

/** How a whole model is saved. */
const SAVE_ALL = 'save the whole model, with its layers and weights: model.save("model.keras")';

/** @throws ImportError `incomplete-model` for what is only half of a model */
export function incomplete(file: string, holds: string): ImportError {
  return new ImportError('incomplete-model', `${file} holds ${holds}`, SAVE_ALL);
}

function parse(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw damaged(`${what} is no JSON`, cause);
  }
}

/** An attribute that is one text. */
function attribute({ attributes }: Hdf5Group, name: string): string | undefined {
  const value = attributes.get(name);
  return typeof value === 'string' ? value : undefined;
}

function readH5(file: string, bytes: Uint8Array): KerasModel {
  const root = readHdf5(file, bytes, OPTIMIZER);
  const config = attribute(root, 'model_config');
  if (config === undefined) {
    const hasWeights =
      root.attributes.has('layer_names') || CONTAINERS.some((name) => root.groups.has(name));
    if (hasWeights) throw incomplete(file, 'weights without the layers that they belong to');
    throw new FormatError(file, 'is an HDF5 file, but not of a Keras model', { hint: SAVE_ALL });
  }
  const stored = root.groups.get('model_weights');
  if (stored === undefined) throw damaged(`${file} has no weights`);
  const said = (name: string) => attribute(root, name) ?? attribute(stored, name);
  return {
    model: parse(config, 'model_config'),
    weights: h5Weights(stored),
    version: said('keras_version'),
    backend: said('backend'),
  };
}

function readArchive(file: string, bytes: Uint8Array): KerasModel {
  const files = unzip(file, bytes, [CONFIG, METADATA, WEIGHTS]);
  const [config, weights] = [files.get(CONFIG), files.get(WEIGHTS)];
  if (config === undefined || weights === undefined) {
    throw new FormatError(file, `is a ZIP archive without ${config ? WEIGHTS : CONFIG}`, {
      hint: SAVE_ALL,
    });
  }
  const decode = (part: Uint8Array) => new TextDecoder().decode(part);
  const metadata = parse(decode(files.get(METADATA) ?? Buffer.from('{}')), METADATA);
  const { keras_version: version } = object(metadata, METADATA);
  return {
    model: parse(decode(config), CONFIG),
    weights: archiveWeights(readHdf5(file, weights, OPTIMIZER)),
    version: typeof version === 'string' ? version : undefined,
  };
}

/**
 * Reads a Keras file as a network.
 * @throws FormatError when the file is damaged or no Keras file
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importKerasFile(file: string, options: ImportOptions): BuiltNetwork {
  const bytes = readFileBytes(file);
  // Some versions wrote HDF5 whatever the file was called.
  if (isHdf5(bytes)) return importKerasModel(readH5(file, bytes), options);
  if (isZip(bytes)) return importKerasModel(readArchive(file, bytes), options);
  throw new FormatError(file, 'is neither an HDF5 file nor a Keras archive', { hint: SAVE_ALL });
}
