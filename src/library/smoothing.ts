/** Randomized smoothing of a model, as one call. */
import { z } from 'zod';
import { range } from '../arrays.ts';
import {
  answerSchema,
  checkSmoothing,
  SMOOTHING_SCHEMA,
  type SmoothedAnswer,
  type Smoothing,
  type SmoothingRecord,
  smoothImage,
  summarizeAnswers,
} from '../certification/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Classifier } from '../models/index.ts';
import { digestOf, PartialState, type StateOwner } from '../storage/index.ts';
import { DEFAULTS } from '../training/index.ts';
import { programVersion } from '../version.ts';
import { abortable } from './abort.ts';
import { checkSamples } from './certify.ts';
import { runningEngine } from './engine.ts';
import { openModels } from './models.ts';
import { provenance } from './provenance.ts';

/** Draws of noise an image, and the largest probability of a wrong certificate, by default. */
export const SMOOTHING_DEFAULTS = { draws: 10_000, alpha: 0.001 } as const;

/** What is smoothed, and how. */
export interface SmoothingOptions {
  /** The base model: a folder, or a classifier. */
  readonly model: string | Classifier;
  /** Images with their true labels. */
  readonly data: Dataset;
  /** Standard deviation of the noise, in pixel values; default 0.5. */
  readonly sigma?: number;
  /** Draws of noise an image; default 10,000. */
  readonly draws?: number;
  /** Largest probability that an image's certificate is wrong; default 0.001. */
  readonly alpha?: number;
  /** How many images, from the first on; default all. */
  readonly samples?: number;
  /** Of the noise; default 1. */
  readonly seed?: number;
  /** File that keeps images that are done: the same call resumes from it after an abort. */
  readonly stateFile?: string;
  /** Ends the work at the next image with the signal's reason. */
  readonly signal?: AbortSignal;
  onProgress?(done: number, total: number): void;
}

/** Seconds between two savings of what is done. */
const SECONDS_BETWEEN_SAVES = 5;

const savedAnswers = z.array(z.tuple([z.string(), answerSchema]));

const ownerOf = (digest: string): StateOwner<SmoothedAnswer> => ({
  schema: 'distill-partial-smoothing/1',
  work: 'a smoothing',
  digest,
  parse: (done) => savedAnswers.parse(done),
});

/**
 * Certifies the smoothed model image by image: its prediction and the L2 radius within which it stays
 * (Cohen et al. 2019). The same options, seed and engine give the same record, times apart.
 *
 * @param command for the record: the arguments of the command line
 * @throws UserError `bad-plan`, `foreign-model`, `foreign-state`, or as `loadModel`; RunError
 *   `not-finite`; the reason of an aborted signal
 */
export async function certifySmoothed(
  options: SmoothingOptions,
  command: readonly string[] = [],
): Promise<SmoothingRecord> {
  const { data, sigma = DEFAULTS.sigma, seed = DEFAULTS.seed, signal, stateFile } = options;
  const { draws = SMOOTHING_DEFAULTS.draws, alpha = SMOOTHING_DEFAULTS.alpha } = options;
  const smoothing: Smoothing = { sigma, draws, alpha, seed };
  checkSmoothing(smoothing);
  const samples = checkSamples(options.samples, data);
  signal?.throwIfAborted();
  const engine = await runningEngine();
  const opened = await openModels([options.model], data);
  const started = performance.now();
  try {
    const [{ classifier, folder, digest }] = opened.models;
    const indices = range(samples).map((position) => data.indices[position]);
    const labels = range(samples).map((position) => data.labels[position]);
    const inputsDigest = digestOf({
      program: programVersion(),
      model: digest,
      data: { digest: data.digest, indices },
      smoothing,
    });
    // What a state holds was rounded by one engine; another one may answer otherwise.
    const { name, instructionSet } = engine;
    const owner = ownerOf(digestOf({ inputsDigest, name, instructionSet }));
    const state = stateFile === undefined ? undefined : await PartialState.resume(stateFile, owner);
    const { program, startedAt, versions } = provenance(engine, {}, command);
    const answers = await smoothAll({
      job: { ...smoothing, classifier, dataset: data },
      samples,
      state,
      tell: abortable(signal, options.onProgress?.bind(options)),
    });
    await state?.finish();
    return {
      schema: SMOOTHING_SCHEMA,
      program,
      command: [...command],
      startedAt,
      seconds: (performance.now() - started) / 1000,
      seed,
      sigma,
      draws,
      alpha,
      inputsDigest,
      versions,
      engine: { name, instructionSet, threads: engine.threads },
      data: { name: data.name, digest: data.digest, indices, labels },
      model: { name: classifier.name, folder, digest },
      ...summarizeAnswers(smoothing, answers, labels),
      answers,
    };
  } finally {
    opened.dispose();
  }
}

async function smoothAll({
  job,
  samples,
  state,
  tell,
}: {
  readonly job: Smoothing & { readonly classifier: Classifier; readonly dataset: Dataset };
  readonly samples: number;
  readonly state: PartialState<SmoothedAnswer> | undefined;
  tell(done: number, total: number): void;
}): Promise<SmoothedAnswer[]> {
  const answers: SmoothedAnswer[] = [];
  let saved = performance.now();
  try {
    for (const position of range(samples)) {
      const key = String(job.dataset.indices[position]);
      const answer = state?.get(key) ?? (await smoothImage({ ...job, position }));
      state?.set(key, answer);
      answers.push(answer);
      if (performance.now() - saved > 1000 * SECONDS_BETWEEN_SAVES) {
        await state?.save();
        saved = performance.now();
      }
      tell(answers.length, samples);
    }
  } catch (error) {
    await state?.save();
    throw error;
  }
  return answers;
}
