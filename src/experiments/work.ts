/** What a worker does: the parts of trials, each only where it is not there yet. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataSplits, loadData } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { RunError } from '../errors.ts';
import { distill, evaluate, softLabels, train } from '../library/index.ts';
import { type ModelCard, readModelCard } from '../models/index.ts';
import {
  checkpointPath,
  readSoftLabels,
  type SoftLabels,
  softLabelInputsDigest,
  studentInputsDigest,
  teacherInputsDigest,
} from '../training/index.ts';
import { programVersion } from '../version.ts';
import { attacksOf } from './attacks.ts';
import { type KeptRun, readRun, writeRun } from './kept-run.ts';
import { type Measured, metricsOf } from './metrics.ts';
import type { OnWork } from './serve.ts';
import { softLabelsKey, type Task, type TrialSettings, teacherKey, trialId } from './trial.ts';

/** The parts of trials, as paths below the folder of a sweep. */
const PARTS = {
  teacher: (settings: TrialSettings) => `shared/teacher-${teacherKey(settings)}`,
  'soft-labels': (settings: TrialSettings) => `shared/soft-labels-${softLabelsKey(settings)}`,
  trial: (settings: TrialSettings) => `trials/${trialId(settings)}`,
} as const;

/** Where the parts of trials lie below the folder of a sweep. */
export const placesIn = (folder: string) => ({
  teacher: (settings: TrialSettings) => join(folder, PARTS.teacher(settings)),
  softLabels: (settings: TrialSettings) => join(folder, PARTS['soft-labels'](settings)),
  trial: (settings: TrialSettings) => join(folder, PARTS.trial(settings)),
  /** What a trial's student came to after so many epochs. */
  rung: (settings: TrialSettings, epochs: number) =>
    join(folder, PARTS.trial(settings), `rung-${epochs}`),
  /** The model that a trial measures. */
  measured: (settings: TrialSettings) =>
    settings.isUndistilled
      ? join(folder, PARTS.teacher(settings))
      : join(folder, PARTS.trial(settings), 'student'),
});

/** The part that a task makes, and those that it can do with, as paths below a sweep's folder. */
export function partsFor({ stage, settings }: Pick<Task, 'stage' | 'settings'>): {
  readonly own: string;
  readonly needs: readonly string[];
} {
  const own = PARTS[stage](settings);
  const [teacher, softLabels] = [PARTS.teacher(settings), PARTS['soft-labels'](settings)];
  const needs = {
    teacher: [own],
    'soft-labels': [teacher, own],
    trial: settings.isUndistilled ? [teacher] : [teacher, softLabels],
  }[stage];
  return { own, needs };
}

/** A model that was made of the same inputs, if there is one. */
async function matchingCard(folder: string, inputsDigest: string): Promise<ModelCard | undefined> {
  const card = await readModelCard(folder).catch(() => undefined);
  return card?.inputsDigest === inputsDigest ? card : undefined;
}

/** Ends a training at a rung, when its checkpoint is written. */
class RungReached extends Error {
  readonly epochs: number;
  readonly validationAccuracy: number | undefined;

  constructor(epochs: number, validationAccuracy: number | undefined) {
    super(`trained for ${epochs} epochs`);
    this.epochs = epochs;
    this.validationAccuracy = validationAccuracy;
  }
}

/** Does tasks in a sweep's folder, one after the other. */
export class Workshop {
  readonly #engine: Engine;
  readonly #places: ReturnType<typeof placesIn>;
  readonly #onWork: OnWork;
  #data: { readonly key: string; readonly splits: DataSplits } | undefined;

  constructor(folder: string, engine: Engine, onWork: OnWork = () => {}) {
    this.#engine = engine;
    this.#places = placesIn(folder);
    this.#onWork = onWork;
  }

  /**
   * Does a task, and whatever it needs that is not there; of a trial, returns its run.
   * @throws UserError, RunError
   */
  async do({ stage, settings, command, until }: Task): Promise<KeptRun | undefined> {
    try {
      if (stage === 'teacher') await this.#teacher(settings);
      else if (stage === 'soft-labels') await this.#softLabels(settings);
      else if (until === undefined) return await this.#trial(settings, command);
      else return await this.#rung(settings, command, until);
    } catch (error) {
      const isDiverged = error instanceof RunError && error.code === 'diverged';
      if (!isDiverged || stage !== 'trial') {
        // A teacher that diverges is found again, and said, by each trial that needs it.
        if (isDiverged) return undefined;
        throw error;
      }
      return this.#keep(settings, command, { outcome: 'diverged', started: new Date() });
    }
    return undefined;
  }

  async #dataOf({ data, trainSize }: TrialSettings): Promise<DataSplits> {
    const key = JSON.stringify([data, trainSize]);
    if (this.#data?.key !== key) {
      this.#data = { key, splits: await loadData(data, trainSize ?? undefined) };
    }
    return this.#data.splits;
  }

  /** The progress callback of a training. */
  #training(what: string, { epochs }: TrialSettings['training']) {
    return ({ epoch, step, steps }: { epoch: number; step: number; steps: number }) =>
      this.#onWork(what, Math.min(1, (epoch - 1 + step / steps) / epochs));
  }

  async #teacher(settings: TrialSettings): Promise<ModelCard> {
    const data = await this.#dataOf(settings);
    const out = this.#places.teacher(settings);
    const { training } = settings;
    return (
      (await matchingCard(out, teacherInputsDigest(data, training))) ??
      train({
        data,
        out,
        settings: training,
        resume: 'matching',
        onProgress: this.#training('teacher', training),
      })
    );
  }

  async #softLabels(settings: TrialSettings): Promise<SoftLabels> {
    const teacher = await this.#teacher(settings);
    const data = await this.#dataOf(settings);
    const { training, noise } = settings;
    const out = this.#places.softLabels(settings);
    const wanted = softLabelInputsDigest(teacher, data.train, training.temperature, noise);
    const labels = await readSoftLabels(out, data).catch(() => undefined);
    if (labels?.card.inputsDigest === wanted) return labels;
    return softLabels({
      data,
      teacher: this.#places.teacher(settings),
      out,
      noise,
      onProgress: (done, total) => this.#onWork('soft labels', done / total),
    });
  }

  /** The student; training for `until` epochs alone ends with `RungReached` and leaves a checkpoint. */
  async #student(settings: TrialSettings, out: string, until?: number): Promise<ModelCard> {
    const labels = await this.#softLabels(settings);
    const data = await this.#dataOf(settings);
    const { training, fineTuneEpochs } = settings;
    const onProgress = this.#training('student', training);
    const wanted = studentInputsDigest(data, training, labels.card.digest, fineTuneEpochs);
    return (
      (await matchingCard(out, wanted)) ??
      distill({
        data,
        out,
        softLabels: labels,
        settings: training,
        fineTuneEpochs,
        resume: 'matching',
        onProgress: (progress) => {
          // The checkpoint of an epoch is written before the next one begins.
          if (until !== undefined && progress.epoch > until) {
            throw new RungReached(progress.epoch - 1, progress.validationAccuracy);
          }
          onProgress(progress);
        },
      })
    );
  }

  /** Trains a student as far as a rung, from the checkpoint of the rung before. */
  async #rung(
    settings: TrialSettings,
    command: readonly string[],
    until: number,
  ): Promise<KeptRun> {
    const known = await readRun(this.#places.rung(settings, until)).catch(() => undefined);
    if (known) return known;
    const started = new Date();
    const student = this.#places.measured(settings);
    const train = async (): Promise<RungReached> => {
      try {
        await this.#student(settings, student, until);
      } catch (error) {
        if (error instanceof RungReached) return error;
        throw error;
      }
      return new RungReached(settings.training.epochs, undefined);
    };
    let reached = await train();
    if (reached.epochs !== until) {
      // Of a rung whose run was damaged: the training went past it, and is begun again.
      await rm(student, { recursive: true, force: true });
      await rm(checkpointPath(student), { force: true });
      reached = await train();
    }
    const validation = reached.validationAccuracy ?? 0;
    return this.#keep(settings, command, { outcome: 'stopped', started, until, validation });
  }

  async #trial(settings: TrialSettings, command: readonly string[]): Promise<KeptRun> {
    const folder = this.#places.trial(settings);
    const known = await readRun(folder).catch(() => undefined);
    if (known) return known;
    const started = new Date();
    const model = this.#places.measured(settings);
    const card = settings.isUndistilled
      ? await this.#teacher(settings)
      : await this.#student(settings, model);
    const { samples, training } = settings;
    const stateFile = join(folder, 'partial.json');
    const measure = async () => {
      const data = await this.#dataOf(settings);
      return evaluate({
        models: [model],
        data,
        attacks: attacksOf(settings, data.test),
        samples,
        seed: training.seed,
        stateFile,
        onProgress: (_, done, total) => this.#onWork('evaluation', total > 0 ? done / total : 0),
      });
    };
    const measured = await measure().catch(async (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'foreign-state'))
        throw error;
      await rm(stateFile, { force: true }); // of a run that was damaged: it is measured again
      return measure();
    });
    const record = { ...measured, command: [...command] };
    return this.#keep(settings, command, { outcome: 'done', started, card, record });
  }

  #keep(
    settings: TrialSettings,
    command: readonly string[],
    result:
      | { readonly outcome: 'diverged'; readonly started: Date }
      | {
          readonly outcome: 'stopped';
          readonly started: Date;
          readonly until: number;
          readonly validation: number;
        }
      | ({ readonly outcome: 'done'; readonly started: Date } & Measured),
  ): Promise<KeptRun> {
    const { name, instructionSet } = this.#engine;
    const isDone = result.outcome === 'done';
    const files = isDone ? { 'evaluation.json': JSON.stringify(result.record) } : {};
    const isStopped = result.outcome === 'stopped';
    return writeRun(
      isStopped ? this.#places.rung(settings, result.until) : this.#places.trial(settings),
      {
        id: trialId(settings),
        kind: 'trial',
        program: programVersion(),
        command: [...command],
        startedAt: result.started.toISOString(),
        seconds: (Date.now() - result.started.getTime()) / 1000,
        engine: { name, instructionSet },
        outcome: result.outcome,
        configuration: configurationOf(settings),
        metrics: {
          ...(isDone && metricsOf(result, settings)),
          ...(isStopped && { validation_accuracy: result.validation }),
        },
        digests: isDone ? digestsOf(result.card, result.record.data.digest) : {},
      },
      files,
    );
  }
}

/** Under what name the digest of the model that is measured is kept. */
export const MEASURED = 'student';

const digestsOf = ({ digest, data, softLabels: labels }: ModelCard, test: string) => ({
  [MEASURED]: digest,
  ...(labels && { softLabels: labels.digest, teacher: labels.teacher }),
  ...(data && { training: data.digest }),
  test,
});

/** Settings without levels, as records keep them. */
export function configurationOf(settings: TrialSettings): KeptRun['configuration'] {
  const { training, noise, ...rest } = settings;
  const { kind, scale, copies } = noise;
  return { ...rest, ...training, noise: scale, noiseKind: kind, noiseCopies: copies };
}
