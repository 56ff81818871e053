/** What `attack` and `evaluate` do around a measurement: state, provenance, progress, files. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import {
  type EvaluationPlan,
  type EvaluationRecord,
  evaluationDigest,
  identityOf,
  PartialEvaluation,
  type PlannedAttack,
  type Provenance,
  type SurrogateTrainer,
} from '../evaluation/index.ts';
import { readModelCard } from '../models/index.ts';
import { numberText } from '../numbers.ts';
import { writeFileAtomically } from '../storage/index.ts';
import { trainSurrogate } from '../training/index.ts';
import { programVersion } from '../version.ts';
import { nameOfModel } from './load-models.ts';
import { duration, type Terminal } from './terminal.ts';

/**
 * Where an evaluation keeps what it has done; with `resume` it continues from there.
 * @throws UserError `foreign-state` when another evaluation left it
 */
export async function openPartial(
  { out, resume }: { readonly out: string; readonly resume?: true },
  plan: EvaluationPlan,
): Promise<PartialEvaluation> {
  const path = join(out, 'partial.json');
  const digest = evaluationDigest(plan);
  return resume ? PartialEvaluation.resume(path, digest) : PartialEvaluation.start(path, digest);
}

/** Every choice of an attack, in one line. */
export function describeAttack(planned: PlannedAttack): string {
  const { attack, norm, eps, loss, options, target, source } = identityOf(planned);
  const parts = [
    [attack, norm, eps === null ? '' : numberText(eps), loss ?? ''].filter(Boolean).join(' '),
    ...Object.entries(options).map(([name, value]) => `${name} ${numberText(value)}`),
    ...(target === null ? [] : [`target ${target}`]),
    ...(source === null ? [] : [`source ${source}`]),
  ];
  return `attack: ${parts.join(', ')}`;
}

/** A plan without its models. */
export type ModelFreePlan = Omit<EvaluationPlan, 'models'>;

/** The digest of what `plan` would measure on the models in `folders`, which are not loaded. */
export async function digestOfPlan(
  folders: readonly string[],
  plan: ModelFreePlan,
): Promise<string> {
  const models = folders.map(async (folder) => {
    const { digest } = await readModelCard(folder);
    return { classifier: { name: nameOfModel(folder) }, digest };
  });
  return evaluationDigest({ ...plan, models: await Promise.all(models) });
}

/** Who measures what with what, for the record. */
export function provenance(
  engine: Engine,
  configuration: EvaluationRecord['configuration'],
): Provenance {
  const { name, instructionSet, threads } = engine;
  return {
    program: programVersion(),
    command: process.argv.slice(2),
    startedAt: new Date().toISOString(),
    configuration,
    versions: { node: process.versions.node, tensorflow: tf.version_core },
    engine: { name, instructionSet, threads },
  };
}

/** Writes the record and what goes with it into a folder. */
export async function saveResults(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>> | ReadonlyMap<string, Uint8Array | string>,
): Promise<void> {
  for (const [name, content] of files instanceof Map ? files : Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true }).catch((cause) => {
      throw new UserError('unwritable', `cannot make the folder ${dirname(path)}`, { cause });
    });
    await writeFileAtomically(path, content);
  }
}

/** Trains the surrogates of an evaluation on the training images. */
export function surrogateTrainer(data: Dataset): SurrogateTrainer {
  return {
    digest: data.digest,
    train: (model, request) => trainSurrogate(model, { ...request, data }),
  };
}

/** Seconds of work after which the time left can be estimated. */
const SECONDS_TO_ESTIMATE = 3;

/** A progress callback that shows what is being measured and how long the rest will take. */
export function evaluationProgress(terminal: Terminal): {
  onProgress(what: string, done: number, total: number): void;
  stop(): void;
} {
  const progress = terminal.progress('evaluate');
  const started = performance.now();
  return {
    onProgress: (what, done, total) => {
      const seconds = (performance.now() - started) / 1000;
      const left = (seconds / done) * (total - done);
      const isKnown = seconds > SECONDS_TO_ESTIMATE && done > 0 && done < total;
      progress.update(done, total, isKnown ? `${what}, about ${duration(left)} left` : what);
    },
    stop: () => progress.stop(),
  };
}
