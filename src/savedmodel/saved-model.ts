/**
 * The SavedModel container: `saved_model.pb` (graph, signatures, saver) beside `variables/`
 * (a tensor bundle). One graph with the tag `serve`, which TensorFlow 1 and 2, TensorFlow Serving
 * and the converters load; its weights are variables, so TensorFlow can continue training them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { decodeProtobuf, FormatError, readFileBytes } from '../storage/index.ts';
import { shapeProto } from './attributes.ts';
import { bundleFiles, type NamedTensor, writeBundle } from './bundle.ts';
import {
  type MetaGraphDef,
  SavedModelSchema,
  type SignatureDef,
  SignatureDefSchema,
} from './gen/tensorflow_pb.ts';
import type { GraphBuilder } from './graph.ts';

export const SAVED_MODEL_FILE = 'saved_model.pb';
/** The files that `writeSavedModel` writes, by their paths in the folder. */
export const savedModelFiles = (): string[] => [SAVED_MODEL_FILE, ...bundleFiles(VARIABLES_PREFIX)];
/** The prefix of the bundle, relative to the model's folder. */
export const VARIABLES_PREFIX = join('variables', 'variables');

/** The graph version whose operation definitions the writer follows (TensorFlow 2.0 and later). */
const GRAPH_PRODUCER = 561;
const GRAPH_MIN_CONSUMER = 12;

/** One tensor of a signature: the graph's reference to it, its dtype and shape (-1: any size). */
export interface SignatureTensor {
  readonly tensor: string;
  readonly dtype: number;
  readonly shape: readonly number[];
}

export interface SignatureSpec {
  readonly inputs: Readonly<Record<string, SignatureTensor>>;
  readonly outputs: Readonly<Record<string, SignatureTensor>>;
}

export interface SavedModelSpec {
  readonly graph: GraphBuilder;
  readonly signatures: Readonly<Record<string, SignatureSpec>>;
  /** Values for every variable of the graph, by name. */
  readonly tensors: readonly NamedTensor[];
}

/**
 * Writes `saved_model.pb` and `variables/` into an existing folder. The same specification gives
 * the same bytes.
 */
export function writeSavedModel(folder: string, spec: SavedModelSpec): void {
  const { graph, signatures, tensors } = spec;
  const saverDef = graph.saver();
  const collection = (which: Parameters<GraphBuilder['variableDefs']>[0]) => ({
    kind: { case: 'bytesList' as const, value: { value: graph.variableDefs(which) } },
  });
  const model = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'], tensorflowVersion: '2.0.0' },
        graphDef: {
          node: graph.nodes,
          versions: { producer: GRAPH_PRODUCER, minConsumer: GRAPH_MIN_CONSUMER },
        },
        saverDef,
        collectionDef: {
          trainable_variables: collection(({ trainable }) => trainable),
          variables: collection(() => true),
        },
        signatureDef: Object.fromEntries(
          Object.entries(signatures).map(([name, signature]) => [name, signatureDef(signature)]),
        ),
      },
    ],
  });
  mkdirSync(join(folder, 'variables'), { recursive: true });
  writeBundle(join(folder, VARIABLES_PREFIX), tensors);
  writeFileSync(join(folder, SAVED_MODEL_FILE), toBinary(SavedModelSchema, model));
}

function signatureDef({ inputs, outputs }: SignatureSpec): SignatureDef {
  const infos = (tensors: Readonly<Record<string, SignatureTensor>>) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { tensor, dtype, shape }]) => [
        name,
        {
          encoding: { case: 'name' as const, value: `${tensor}:0` },
          dtype,
          tensorShape: shapeProto(shape),
        },
      ]),
    );
  return create(SignatureDefSchema, {
    inputs: infos(inputs),
    outputs: infos(outputs),
    methodName: 'tensorflow/serving/predict',
  });
}

/**
 * Reads the graph with the tag `serve` from `saved_model.pb`.
 *
 * @throws FormatError when the file cannot be decoded or has no such graph
 */
export function readSavedModel(folder: string): MetaGraphDef {
  const file = join(folder, SAVED_MODEL_FILE);
  const model = decodeProtobuf(SavedModelSchema, file, readFileBytes(file), 'a SavedModel');
  if (model.savedModelSchemaVersion !== 1n) {
    throw new FormatError(
      file,
      `has the schema version ${model.savedModelSchemaVersion}, but 1 is expected`,
    );
  }
  const serving = model.metaGraphs.find(({ metaInfoDef }) => metaInfoDef?.tags.includes('serve'));
  if (serving === undefined) {
    throw new FormatError(file, 'has no graph with the tag "serve"');
  }
  return serving;
}
