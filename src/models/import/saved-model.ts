/** SavedModels that TensorFlow or Keras wrote: signatures, variables and functions resolved. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type Bundle,
  DataType,
  type MetaGraphDef,
  readBundle,
  readSavedModel,
  VARIABLES_PREFIX,
} from '../../savedmodel/index.ts';
import { Budget } from './budget.ts';
import { type Constant, constant } from './constants.ts';
import { damaged, ImportError } from './errors.ts';
import { type ImportOptions, onlyInput } from './image.ts';
import type { BuiltNetwork } from './network-builder.ts';
import { chooseOutput } from './output.ts';
import {
  batchSizes,
  type GraphContext,
  GraphReader,
  importTensorflowGraph,
  type VariableKeys,
} from './tensorflow-graph.ts';

type Signature = MetaGraphDef['signatureDef'][string];

/** The size of all files of a folder that may not be there. */
function bytesIn(folder: string): number {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const sizes = names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size);
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** A longer path through the objects of a model is not followed. */
const MAX_PATH = 4096;

function takesText(signature: Signature): boolean {
  return Object.values(signature.inputs).some(({ dtype }) => dtype === DataType.string);
}

/**
 * @throws ImportError `bad-signature` when there is no such one, or the choice is the user's;
 *   `bad-input` when it does not take a batch of images
 */
function chooseSignature({ signatureDef }: MetaGraphDef, wanted: string | undefined): Signature {
  const names = Object.keys(signatureDef).filter((name) => !name.startsWith('__'));
  if (names.length === 0) throw damaged('the SavedModel has no signature');
  const usual = names.includes('serving_default') ? 'serving_default' : undefined;
  const name = wanted ?? usual ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined || !names.includes(name)) {
    throw new ImportError(
      'bad-signature',
      name === undefined
        ? `the model has ${names.length} signatures: ${names.join(', ')}`
        : `the model has no signature "${name}", only ${names.join(', ')}`,
      'name the one that takes images and gives logits',
    );
  }
  const signature = signatureDef[name];
  if (takesText(signature)) {
    const others = names.filter((other) => !takesText(signatureDef[other]));
    throw new ImportError(
      'bad-input',
      `the signature "${name}" takes text (files or serialized examples), not the pixels of images`,
      others.length > 0
        ? `name another signature: ${others.join(', ')}`
        : 'save the model with a signature whose input is a batch of images',
    );
  }
  onlyInput(Object.keys(signature.inputs), `the signature "${name}"`);
  return signature;
}

function tensorName(info: Signature['inputs'][string] | undefined): string {
  if (info?.encoding.case !== 'name') throw damaged('a signature names no tensor');
  return info.encoding.value;
}

/**
 * Checkpoint entries by variable name, as TensorFlow 2's loader finds them: along the paths of the
 * object graph, such as `_layers/1/_kernel/.ATTRIBUTES/VARIABLE_VALUE`.
 */
function trackedVariables({ objectGraphDef }: MetaGraphDef): VariableKeys {
  const nodes = objectGraphDef?.nodes ?? [];
  const paths = new Map([[0, '']]);
  const keys: VariableKeys = new Map();
  const ambiguous = new Set<string>();
  // A map can be extended while it is walked: this is a breadth-first search.
  for (const [id, path] of paths) {
    const node = nodes[id];
    if (node?.kind.case === 'variable') {
      const { name } = node.kind.value;
      if (keys.has(name)) ambiguous.add(name);
      keys.set(name, `${path}.ATTRIBUTES/VARIABLE_VALUE`);
    }
    for (const { nodeId, localName } of node?.children ?? []) {
      const step = localName.replaceAll('.', '..').replaceAll('/', '.S');
      if (!paths.has(nodeId) && path.length < MAX_PATH) paths.set(nodeId, `${path}${step}/`);
    }
  }
  for (const name of ambiguous) keys.delete(name);
  return keys;
}

/**
 * Which checkpoint entry each variable is restored from, as the restore operation says. Keras'
 * own copies of variables are restored there instead, so the object graph fills what is missing.
 */
function restoredVariables(
  meta: MetaGraphDef,
  graph: GraphContext['graph'],
  budget: Budget,
): VariableKeys {
  const assigned = trackedVariables(meta);
  const restore = meta.saverDef?.restoreOpName;
  if (restore) {
    const reader = new GraphReader({ graph, budget, assigned, readVariable: () => undefined });
    reader.value(restore, new Map());
  }
  return assigned;
}

function variableReader(keys: VariableKeys, bundle: Bundle | undefined) {
  const cache = new Map<string, Constant>();
  return (path: string): Constant | undefined => {
    // TensorFlow 1 stores a variable under its own name.
    const key = keys.get(path) ?? path;
    if (!bundle?.entries.has(key)) return undefined;
    let value = cache.get(key);
    if (value === undefined) {
      const { shape, data } = bundle.read(key);
      value = constant(shape, data);
      cache.set(key, value);
    }
    return value;
  };
}

/**
 * Reads a SavedModel folder as a network.
 * @throws FormatError when its files are damaged
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importSavedModel(folder: string, options: ImportOptions): BuiltNetwork {
  const meta = readSavedModel(folder);
  const graph = meta.graphDef;
  if (graph === undefined) throw damaged('the SavedModel has no graph');
  const signature = chooseSignature(meta, options.signature);
  const [input] = Object.values(signature.inputs);
  const output = signature.outputs[chooseOutput(Object.keys(signature.outputs), options.output)];

  const prefix = join(folder, VARIABLES_PREFIX);
  const bundle = existsSync(`${prefix}.index`) ? readBundle(prefix) : undefined;
  const budget = new Budget(bytesIn(folder) + bytesIn(dirname(prefix)));
  const keys = restoredVariables(meta, graph, budget);
  return importTensorflowGraph(
    {
      graph,
      input: tensorName(input),
      output: tensorName(output),
      sizes: batchSizes(input.tensorShape),
      budget,
      readVariable: variableReader(keys, bundle),
    },
    options,
  );
}
