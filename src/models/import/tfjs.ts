/**
 * TensorFlow.js models: `model.json` with its weight files. A graph model holds a TensorFlow graph
 * and is run like one; a layers model holds a Keras description.
 */
import { basename, dirname, join } from 'node:path';
import { fromJson } from '@bufbuild/protobuf';
import { type GraphDef, GraphDefSchema } from '../../savedmodel/index.ts';
import { FormatError, readFileBytes } from '../../storage/index.ts';
import { Budget } from './budget.ts';
import { type Constant, constant, elementsOf } from './constants.ts';
import { damaged, ImportError } from './errors.ts';
import { float16 } from './half-precision.ts';
import { type ImportOptions, onlyInput } from './image.ts';
import { type JsonObject, list, number, numbers, object, text } from './json.ts';
import { incomplete } from './keras-file.ts';
import { importKerasModel } from './keras-model.ts';
import { namedWeights } from './keras-weights.ts';
import type { BuiltNetwork } from './network-builder.ts';
import { chooseOutput } from './output.ts';
import { openInputs, openOutputs } from './tensorflow-ends.ts';
import { importTensorflowGraph, placeholderSizes } from './tensorflow-graph.ts';
import { graphJson } from './tfjs-graph-json.ts';

interface StoredType {
  /** Bytes of one value. */
  readonly width: number;
  /** @param buffer of exactly the values' bytes */
  decode(buffer: ArrayBuffer): Float32Array | Float64Array;
}

/** The dtypes that weights are stored in, quantized ones included. */
const STORED_TYPES: ReadonlyMap<string, StoredType> = new Map<string, StoredType>([
  ['float32', { width: 4, decode: (buffer) => new Float32Array(buffer) }],
  ['int32', { width: 4, decode: (buffer) => Float64Array.from(new Int32Array(buffer)) }],
  ['uint16', { width: 2, decode: (buffer) => Float64Array.from(new Uint16Array(buffer)) }],
  [
    'float16',
    { width: 2, decode: (buffer) => Float64Array.from(new Uint16Array(buffer), float16) },
  ],
  ['uint8', { width: 1, decode: (buffer) => Float64Array.from(new Uint8Array(buffer)) }],
  ['bool', { width: 1, decode: (buffer) => Float64Array.from(new Uint8Array(buffer)) }],
]);

/**
 * The bytes of a group of weight files, which must be beside the model.
 * @param seen the files that were read before
 */
function groupBytes(folder: string, paths: readonly unknown[], seen: Set<string>): Buffer {
  const files = paths.map((path) => {
    const name = text(path, 'the path of a weight file').replace(/^\.\//, '');
    if (name === '' || basename(name) !== name || name.startsWith('.') || name.includes('\\')) {
      throw damaged(`the weight file "${name}" lies outside of the model's folder`);
    }
    if (seen.has(name)) throw damaged(`the weight file "${name}" is named twice`);
    seen.add(name);
    return readFileBytes(join(folder, name));
  });
  return Buffer.concat(files);
}

function readWeight(entry: JsonObject, name: string, bytes: Buffer, offset: number) {
  const shape = numbers(entry.shape, `the shape of "${name}"`);
  const quantization =
    entry.quantization === undefined
      ? undefined
      : object(entry.quantization, `the quantization of "${name}"`);
  const stored = text(quantization?.dtype ?? entry.dtype, `the dtype of "${name}"`);
  const type = STORED_TYPES.get(stored);
  if (type === undefined) {
    throw new ImportError(
      'unsupported-dtype',
      `the weight "${name}" is stored as ${stored}`,
      'convert the model again with float32 weights',
    );
  }
  const length = elementsOf(shape) * type.width;
  if (offset + length > bytes.length) throw damaged(`the weight "${name}" runs past its file`);
  const values = type.decode(new Uint8Array(bytes.subarray(offset, offset + length)).buffer);
  const scale = quantization?.scale;
  if (scale !== undefined) {
    const step = number(scale, `the scale of "${name}"`);
    const least = number(quantization?.min, `the least value of "${name}"`);
    const restored = Float64Array.from(values, (value) => value * step + least);
    return { value: constant(shape, restored), length };
  }
  return { value: constant(shape, values), length };
}

/** The weights by name, and how many bytes they take. */
interface StoredWeights {
  readonly weights: ReadonlyMap<string, Constant>;
  readonly bytes: number;
}

function readWeights(model: JsonObject, folder: string): StoredWeights {
  const weights = new Map<string, Constant>();
  const seen = new Set<string>();
  let total = 0;
  for (const group of list(model.weightsManifest, 'weightsManifest')) {
    const { paths, weights: entries } = object(group, 'a group of weights');
    const bytes = groupBytes(folder, list(paths, 'the paths of a group'), seen);
    total += bytes.length;
    let offset = 0;
    for (const one of list(entries, 'the weights of a group')) {
      const entry = object(one, 'a weight');
      const name = text(entry.name, 'the name of a weight');
      const { value, length } = readWeight(entry, name, bytes, offset);
      weights.set(name, value);
      offset += length;
    }
  }
  return { weights, bytes: total };
}

function parseGraph(topology: JsonObject, file: string): GraphDef {
  try {
    return fromJson(GraphDefSchema, graphJson(topology), { ignoreUnknownFields: true });
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    throw new FormatError(file, 'its modelTopology is no TensorFlow graph', { cause });
  }
}

/** The tensors of a signature by its names; without a signature, the graph's open ends. */
function tensorNames(model: JsonObject, graph: GraphDef, side: 'inputs' | 'outputs') {
  const signature =
    model.signature ?? object(model.userDefinedMetadata ?? {}, 'userDefinedMetadata').signature;
  const tensors = signature == null ? undefined : object(signature, 'signature')[side];
  if (tensors !== undefined) {
    return Object.entries(object(tensors, `the ${side} of the signature`)).map(([key, tensor]) => {
      const name = text(object(tensor, key).name ?? key, `the name of "${key}"`);
      return [key, name] as const;
    });
  }
  const names = side === 'inputs' ? openInputs(graph) : openOutputs(graph);
  return names.map((name) => [name, name] as const);
}

function importGraph(
  model: JsonObject,
  graph: GraphDef,
  { weights, bytes }: StoredWeights,
  options: ImportOptions,
): BuiltNetwork {
  const inputs = tensorNames(model, graph, 'inputs');
  const inputName = onlyInput(inputs.map(([key]) => key));
  const tensor = new Map(inputs).get(inputName) ?? '';
  const outputs = new Map(tensorNames(model, graph, 'outputs'));
  return importTensorflowGraph(
    {
      graph,
      input: tensor,
      output: outputs.get(chooseOutput([...outputs.keys()], options.output)) ?? '',
      sizes: placeholderSizes(graph, tensor.split(':')[0]),
      budget: new Budget(bytes),
      readVariable: () => undefined,
      readConstant: (name) => weights.get(name),
    },
    options,
  );
}

/**
 * Reads a TensorFlow.js `model.json` as a network.
 * @throws FormatError when the file cannot be decoded
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importTfjs(file: string, options: ImportOptions): BuiltNetwork {
  let parsed: unknown;
  const bytes = readFileBytes(file);
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(file, 'is no JSON', { cause });
  }
  const model = object(parsed, 'model.json');
  if (model.class_name !== undefined && model.config !== undefined) {
    throw incomplete(file, 'what to_json of Keras writes: layers without their weights');
  }
  const topology = object(model.modelTopology, 'modelTopology');
  const stored = readWeights(model, dirname(file));
  if (Array.isArray(topology.node)) {
    return importGraph(model, parseGraph(topology, file), stored, options);
  }
  const keras = { model: topology.model_config ?? topology, weights: namedWeights(stored.weights) };
  return importKerasModel(keras, options);
}
