/** Who measured what with what, and the surrogates that attacks need. */
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../data/index.ts';
import type { EvaluationRecord, Provenance, SurrogateTrainer } from '../evaluation/index.ts';
import { trainSurrogate } from '../training/index.ts';
import { programVersion } from '../version.ts';
import type { RunningEngine } from './engine.ts';

/**
 * What a record says besides what was measured.
 * @param command the arguments of the command line; none where a program called the library
 */
export function provenance(
  { name, instructionSet, threads }: RunningEngine,
  configuration: EvaluationRecord['configuration'],
  command: readonly string[],
): Provenance {
  return {
    program: programVersion(),
    command: [...command],
    startedAt: new Date().toISOString(),
    configuration,
    versions: { node: process.versions.node, tensorflow: tf.version_core },
    engine: { name, instructionSet, threads },
  };
}

/** Trains the surrogates of an evaluation on the training images. */
export function surrogateTrainer(data: Dataset): SurrogateTrainer {
  return {
    digest: data.digest,
    train: (model, request) => trainSurrogate(model, { ...request, data }),
  };
}
