/** What can be proven about a model, as one call. */
import { range } from '../arrays.ts';
import { USUAL_EPS } from '../attacks/index.ts';
import {
  budgetRecord,
  CERTIFICATE_SCHEMA,
  type CertificateRecord,
  certifyAttack,
  certifyImages,
  type Method,
} from '../certification/index.ts';
import type { Dataset } from '../data/index.ts';
import { UserError } from '../errors.ts';
import { Model, type Network, readModel, type Weight, weightsDigest } from '../models/index.ts';
import { digestOf } from '../storage/index.ts';
import { DEFAULTS } from '../training/index.ts';
import { programVersion } from '../version.ts';
import { abortable } from './abort.ts';
import { type RunningEngine, runningEngine } from './engine.ts';
import { checkFit, nameOfModel } from './models.ts';
import { provenance } from './provenance.ts';

/** What is to be proven, and how. */
export interface CertifyOptions {
  /** A model folder, or a model in memory. */
  readonly model: string | Model;
  /** Images with their true labels. */
  readonly data: Dataset;
  /** Linf budgets in pixel values; default 0.1 and 0.3. */
  readonly eps?: readonly number[];
  /** How many images, from the first on; default all. */
  readonly samples?: number;
  /** Default `auto`: each image takes the cheapest method that decides. */
  readonly method?: Method;
  /** Of the attack's random starts; default 1. */
  readonly seed?: number;
  /** Ends the work at the next image with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How many images of all budgets together are decided or given up. */
  onProgress?(done: number, total: number): void;
}

/** Engines whose rounding the bounds cover. */
const BOUNDED_ENGINES = ['native', 'wasm', 'cpu'];

/** @throws UserError `no-bound` for an engine whose rounding has none */
export function checkEngine({ name }: RunningEngine): void {
  if (BOUNDED_ENGINES.includes(name)) return;
  throw new UserError('no-bound', `the rounding of the engine ${name} has no bound`, {
    hint: `choose one of ${BOUNDED_ENGINES.join(', ')}`,
  });
}

/**
 * How many images are to be certified; all, where it is not said.
 * @throws UserError `bad-plan`
 */
export function checkSamples(samples: number | undefined, data: Dataset): number {
  if (samples === undefined) return data.count;
  if (Number.isInteger(samples) && samples >= 1 && samples <= data.count) return samples;
  throw new UserError('bad-plan', `${data.name} has ${data.count} images, found ${samples}`);
}

interface OpenedModel {
  readonly name: string;
  readonly folder: string;
  readonly digest: string;
  readonly network: Network;
  readonly weights: readonly Weight[];
  readonly model: Model;
  dispose(): void;
}

async function openModel(given: string | Model): Promise<OpenedModel> {
  if (typeof given !== 'string') {
    const weights = await given.weights();
    const { network } = given;
    const digest = weightsDigest(weights);
    return { name: 'model', folder: '', digest, network, weights, model: given, dispose: () => {} };
  }
  const { card, network, weights } = await readModel(given);
  const model = new Model(network, weights, card.temperature);
  return {
    name: nameOfModel(given),
    folder: given,
    digest: card.digest,
    network,
    weights,
    model,
    dispose: () => model.dispose(),
  };
}

/**
 * Proves for image after image that no change within a budget changes the model's answer, or finds one
 * that does. What is proven holds for the engine that runs, float32's rounding included; the same
 * options, seed and engine give the same record, times apart, as `distill certify`.
 *
 * @param command for the record: the arguments of the command line
 * @throws UserError `no-bound` for a layer or an engine without bounds, `bad-plan`, `foreign-model`, or
 *   as `loadModel`; RunError `not-finite`; the reason of an aborted signal
 */
export async function certify(
  options: CertifyOptions,
  command: readonly string[] = [],
): Promise<CertificateRecord> {
  const { data, eps = USUAL_EPS.Linf, method = 'auto', seed = DEFAULTS.seed, signal } = options;
  const samples = checkSamples(options.samples, data);
  signal?.throwIfAborted();
  const engine = await runningEngine();
  checkEngine(engine);
  const opened = await openModel(options.model);
  const started = performance.now();
  try {
    const { name, folder, digest, network, weights, model } = opened;
    const classifier = model.classifier(name);
    checkFit({ classifier, folder }, data);
    // Refuses a budget that there cannot be before any work.
    const attacks = eps.map((one) => certifyAttack(one, network.classes));
    const tell = abortable(signal, options.onProgress?.bind(options));
    const positions = range(samples);
    const who = provenance(engine, {}, command);
    const budgets: CertificateRecord['budgets'] = [];
    for (const [i, one] of eps.entries()) {
      const run = await certifyImages({
        model: { network, weights, classifier },
        dataset: data,
        positions,
        eps: one,
        method,
        seed,
        onProgress: (done) => tell(i * samples + done, eps.length * samples),
      });
      budgets.push(budgetRecord(one, run.images, run));
    }
    const { program, startedAt, versions } = who;
    const indices = positions.map((position) => data.indices[position]);
    return {
      schema: CERTIFICATE_SCHEMA,
      program,
      command: [...command],
      startedAt,
      seconds: (performance.now() - started) / 1000,
      seed,
      method,
      inputsDigest: digestOf({
        program: programVersion(),
        model: digest,
        data: { digest: data.digest, indices },
        attacks: attacks.map(({ threat, loss, options: chosen }) => ({ threat, loss, chosen })),
        method,
        seed,
      }),
      versions,
      engine: who.engine,
      data: {
        name: data.name,
        digest: data.digest,
        indices,
        labels: positions.map((position) => data.labels[position]),
      },
      model: { name, folder, digest },
      budgets,
    };
  } finally {
    opened.dispose();
  }
}
