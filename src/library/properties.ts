/** Properties of networks in VNN-LIB, decided or written. */
import { extname } from 'node:path';
import { row } from '../arrays.ts';
import {
  budgetBox,
  lowerNetwork,
  type Property,
  parseProperty,
  robustnessProperty,
  verifyProperty,
} from '../certification/index.ts';
import { type Dataset, imageSize, imagesAsFloats } from '../data/index.ts';
import { UserError } from '../errors.ts';
import {
  ImportError,
  type ImportOptions,
  importModel,
  isModelFolder,
  Model,
  type Network,
  readModel,
  type Weight,
  weightsDigest,
} from '../models/index.ts';
import { sha256 } from '../storage/index.ts';
import { DEFAULTS } from '../training/index.ts';
import { checkEngine } from './certify.ts';
import { runningEngine } from './engine.ts';
import { provenance } from './provenance.ts';

export const PROPERTY_SCHEMA = 'distill-property/1';

/** Whether a network has a property. */
export interface PropertyRecord {
  readonly schema: typeof PROPERTY_SCHEMA;
  readonly program: string;
  readonly command: readonly string[];
  readonly startedAt: string;
  readonly seed: number;
  /** In seconds. */
  readonly timeLimit: number;
  readonly engine: { readonly name: string; readonly instructionSet: string };
  readonly model: { readonly file: string; readonly digest: string };
  /** SHA-256 of the property's text. */
  readonly property: { readonly digest: string };
  readonly outcome: 'holds' | 'violated' | 'unknown';
  /** Inputs within the property's bounds and the engine's outputs, which violate it; else null. */
  readonly counterexample: {
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
  } | null;
  /** Parts that branch and bound looked at. */
  readonly parts: number;
  readonly seconds: number;
}

/** A network, and a question about it. */
export interface PropertyOptions {
  /** An ONNX file, or a model folder, whose inputs are `[height, width, channels]`, row-major. */
  readonly model: string;
  /** The text of a VNN-LIB file. */
  readonly property: string;
  /** In seconds; default 60. */
  readonly timeLimit?: number;
  /** Of the attack's random starts; default 1. */
  readonly seed?: number;
  /** What a model file may not say by itself. */
  readonly fileOptions?: ImportOptions;
}

/** Seconds after which a property is given up. */
export const DEFAULT_TIME_LIMIT = 60;

interface Opened {
  readonly network: Network;
  readonly weights: readonly Weight[];
}

async function openNetwork(
  file: string,
  options: ImportOptions,
  inputCount: number,
): Promise<Opened> {
  if (isModelFolder(file)) return readModel(file);
  if (extname(file) !== '.onnx') {
    throw new UserError('bad-model', `${file} is no ONNX file and no model folder`, {
      hint: 'properties are about ONNX files or model folders: import other models first',
    });
  }
  const opened = await importModel(file, { ...options, anyRange: true }).catch((error) => {
    const isVector = error instanceof ImportError && error.code === 'bad-image-shape';
    if (!isVector || options.imageShape) throw error;
    return importModel(file, { ...options, imageShape: [1, inputCount, 1], anyRange: true });
  });
  if (opened.network.inputShape[2] > 1) {
    throw new UserError(
      'bad-property',
      `${file} takes ${opened.network.inputShape[2]} channels, whose order among X_0, X_1, … is not known`,
      { hint: 'import it into a model folder: there the channels of a pixel follow each other' },
    );
  }
  return opened;
}

function checkSizes({ inputShape, classes }: Network, { inputs, outputCount }: Property): void {
  const size = inputShape.reduce((a, b) => a * b, 1);
  if (inputs.lower.length === size && outputCount === classes) return;
  throw new UserError(
    'bad-property',
    `the property is about ${inputs.lower.length} inputs and ${outputCount} outputs, the network has ${size} and ${classes}`,
    { hint: 'name the network that the property was written for' },
  );
}

/**
 * Decides whether a network has a property: it holds, proven for the engine that runs; it is violated,
 * with a counterexample that was run; or time ran out.
 *
 * @param command for the record: the arguments of the command line
 * @throws UserError `bad-property`, `no-bound`, `bad-model`, or as `importModel` and `readModel`
 */
export async function certifyProperty(
  options: PropertyOptions,
  command: readonly string[] = [],
): Promise<PropertyRecord> {
  const { model: file, timeLimit = DEFAULT_TIME_LIMIT, seed = DEFAULTS.seed } = options;
  const property = parseProperty(options.property);
  const engine = await runningEngine();
  checkEngine(engine);
  const { network, weights } = await openNetwork(
    file,
    options.fileOptions ?? {},
    property.inputs.lower.length,
  );
  checkSizes(network, property);
  const { program, startedAt } = provenance(engine, {}, command);
  const model = new Model(network, weights, 1);
  try {
    const graph = lowerNetwork(network, weights);
    const found = await verifyProperty(graph, model.classifier(file), property, timeLimit, seed);
    const { outcome, counterexample, parts, seconds } = found;
    return {
      schema: PROPERTY_SCHEMA,
      program,
      command: [...command],
      startedAt,
      seed,
      timeLimit,
      engine: { name: engine.name, instructionSet: engine.instructionSet },
      model: { file, digest: weightsDigest(weights) },
      property: { digest: sha256(new TextEncoder().encode(options.property)) },
      outcome,
      counterexample: counterexample && {
        inputs: Array.from(counterexample.inputs),
        outputs: Array.from(counterexample.outputs),
      },
      parts,
      seconds,
    };
  } finally {
    model.dispose();
  }
}

/**
 * The questions that `certify` answers, as VNN-LIB files by name: whether each image keeps its class
 * within the budget, an evaluation's tolerance included. Inputs are in the order of `[height, width,
 * channels]`, as an exported ONNX file takes them.
 * @param classes of the network; default: those of the data
 */
export function robustnessProperties(
  dataset: Dataset,
  positions: readonly number[],
  eps: number,
  classes: number = dataset.classes,
): Map<string, string> {
  const images = imagesAsFloats(dataset, positions);
  return new Map(
    positions.map((position, i) => {
      const box = budgetBox(row(images, i, imageSize(dataset)), eps);
      const label = dataset.labels[position];
      const name = `image-${dataset.indices[position]}-linf-${eps}.vnnlib`;
      return [name, robustnessProperty(box, classes, label)];
    }),
  );
}
