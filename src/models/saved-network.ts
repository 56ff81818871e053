import { join } from 'node:path';
import {
  DataType,
  dtypeName,
  readBundle,
  savedModelFiles,
  VARIABLES_PREFIX,
  writeSavedModel,
} from '../savedmodel/index.ts';
import { digestOf, FormatError, readFileBytes, sha256 } from '../storage/index.ts';
import type { Network } from './network.ts';
import { servingGraph } from './serving-graph.ts';
import { weightSpecs } from './shapes.ts';
import type { Weight } from './weights.ts';

/**
 * Writes a network and its weights into an existing folder as a TensorFlow SavedModel:
 * `saved_model.pb` and `variables/`. The same model gives the same bytes.
 */
export async function saveNetwork(
  folder: string,
  network: Network,
  weights: readonly Weight[],
): Promise<void> {
  const tensors = weights.map(({ spec: { name, shape }, values }) => ({
    name,
    shape,
    data: values,
  }));
  writeSavedModel(folder, { ...servingGraph(network), tensors });
}

/** SHA-256 over the files that `saveNetwork` wrote. @throws FormatError */
export function networkFilesDigest(folder: string): string {
  return digestOf(savedModelFiles().map((name) => sha256(readFileBytes(join(folder, name)))));
}

/**
 * Reads the network's weights back from `variables/`, bit for bit, in the network's order.
 *
 * @throws FormatError when the files are damaged, or do not hold exactly this network's weights
 */
export async function loadNetwork(folder: string, network: Network): Promise<Weight[]> {
  const prefix = join(folder, VARIABLES_PREFIX);
  const index = `${prefix}.index`;
  const hint = 'The files are not those that distill.json describes; save the model again.';
  const bundle = readBundle(prefix);
  const specs = weightSpecs(network);
  const expected = new Set(specs.map(({ name }) => name));
  for (const name of bundle.entries.keys()) {
    if (!expected.has(name)) {
      throw new FormatError(index, `has a tensor "${name}" that the network lacks`, { hint });
    }
  }
  return specs.map((spec) => {
    const entry = bundle.entries.get(spec.name);
    if (entry === undefined) throw new FormatError(index, `has no tensor "${spec.name}"`, { hint });
    if (entry.dtype !== DataType.float || `${entry.shape}` !== `${spec.shape}`) {
      throw new FormatError(
        index,
        `"${spec.name}" is ${dtypeName(entry.dtype)} [${entry.shape}], but the network needs float [${spec.shape}]`,
        { hint },
      );
    }
    return { spec, values: bundle.read(spec.name).data };
  });
}
