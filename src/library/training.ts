/** Training, soft labels and the distilled student, one call each. */
import type { DataSplits, NoiseOptions } from '../data/index.ts';
import type { EpochRecord, ModelCard } from '../models/index.ts';
import { readModelCard } from '../models/index.ts';
import {
  type Adversary,
  type CertifiedGoal,
  checkNoiseCopies,
  checkStudentTemperature,
  checkTeacherTemperature,
  DEFAULTS,
  makeSoftLabels,
  type OutlierOptions,
  type SmoothedGoal,
  type SoftLabels,
  settingsWith,
  type TrainingOptions,
  type TrainingProgress,
  type TrainingSettings,
  trainAdversarial,
  trainCertified as trainForBounds,
  trainSmoothed,
  trainStudent,
  trainTeacher,
} from '../training/index.ts';
import { abortable } from './abort.ts';
import { runningEngine } from './engine.ts';

/** What every kind of training takes. */
export interface TrainOptions {
  readonly data: DataSplits;
  /** The model folder to write: whole or not at all. */
  readonly out: string;
  /** What differs from the defaults. */
  readonly settings?: Partial<TrainingSettings>;
  /** Resume from the checkpoint of a run that was stopped: never (the default), or if it matches. */
  readonly resume?: TrainingOptions['resume'];
  /** Ends training at the next step with the signal's reason; the checkpoint stays. */
  readonly signal?: AbortSignal;
  onProgress?(progress: TrainingProgress): void;
  onEpoch?(record: EpochRecord): void;
}

async function trainingOptions(options: TrainOptions): Promise<TrainingOptions> {
  const { data, out, settings = {}, resume = 'never', signal } = options;
  signal?.throwIfAborted();
  return {
    data,
    out,
    settings: settingsWith(settings),
    engine: await runningEngine(),
    resume,
    onProgress: abortable(signal, options.onProgress?.bind(options)),
    onEpoch: abortable(signal, options.onEpoch?.bind(options)),
  };
}

/**
 * Trains on hard labels: with `temperature` 1 the undistilled baseline, else a teacher. With an
 * adversary, on attacked images (Madry et al. 2018).
 *
 * @throws RunError `diverged`; UserError `foreign-folder`, `bad-checkpoint`, `foreign-checkpoint`,
 *   `unwritable`; the reason of an aborted signal
 */
export async function train(
  options: TrainOptions & { readonly adversary?: Adversary },
): Promise<ModelCard> {
  const { adversary } = options;
  const all = await trainingOptions(options);
  return adversary ? trainAdversarial({ ...all, adversary }) : trainTeacher(all);
}

/**
 * Trains so that answers can be proven: on bounds of the loss within a Linf budget, or, with a `sigma`,
 * on noisy images for randomized smoothing. 18 epochs by default.
 *
 * @throws UserError `no-bound` for a network without interval bounds; else as `train`
 */
export async function trainCertified(
  options: TrainOptions & { readonly goal: CertifiedGoal | SmoothedGoal },
): Promise<ModelCard> {
  const { goal } = options;
  const settings = { epochs: DEFAULTS.certifiedEpochs, ...options.settings };
  const all = await trainingOptions({ ...options, settings });
  return 'sigma' in goal ? trainSmoothed({ ...all, goal }) : trainForBounds({ ...all, goal });
}

/** How a teacher's soft labels are made. */
export interface SoftenOptions {
  readonly data: DataSplits;
  /** The teacher's model folder. */
  readonly teacher: string;
  /** The folder to write. */
  readonly out: string;
  /** Default: the teacher's own. */
  readonly temperature?: number;
  /** Of the noisy copies; what differs from the defaults. */
  readonly noise?: Partial<NoiseOptions>;
  /**
   * Labels with an outlier class, which students learn at T = 1 (Papernot & McDaniel 2017); what differs
   * from the defaults.
   */
  readonly outlier?: Partial<OutlierOptions>;
  readonly signal?: AbortSignal;
  /** How many images are done, of all. */
  onProgress?(done: number, total: number): void;
}

/**
 * Computes the teacher's softmax(logits / T) of the training images and of noisy copies, once, and
 * saves it (Papernot et al. 2016).
 *
 * @throws UserError `temperature-mismatch`, `too-many-copies`, `bad-plan` and `no-dropout` for labels with
 *   an outlier class, `foreign-folder`, `unwritable`, or as `loadModel`; the reason of an aborted signal
 */
export async function softLabels(options: SoftenOptions): Promise<SoftLabels> {
  const { data, teacher, out, signal } = options;
  signal?.throwIfAborted();
  const card = await readModelCard(teacher);
  const temperature = options.temperature ?? (options.outlier ? 1 : card.temperature);
  const { dropoutPasses: passes, outlierShare: share } = DEFAULTS;
  const outlier = options.outlier && { passes, share, seed: DEFAULTS.seed, ...options.outlier };
  if (!outlier) checkTeacherTemperature(teacher, card, temperature);
  const { noise: scale, noiseKind: kind, noiseCopies: copies, seed } = DEFAULTS;
  const noise = { scale, kind, copies, seed, ...options.noise };
  checkNoiseCopies(data.train, noise.copies);
  await runningEngine();
  const onProgress = abortable(signal, options.onProgress?.bind(options));
  return makeSoftLabels({ data, teacher, temperature, noise, outlier, out, onProgress });
}

/** What a student takes besides. */
export interface DistillOptions extends TrainOptions {
  readonly softLabels: SoftLabels;
  /** Epochs on the hard labels of the clean images afterwards; default 0. */
  readonly fineTuneEpochs?: number;
  /** Learn from attacked images, so that robustness is distilled too. */
  readonly adversary?: Adversary;
}

/**
 * Trains a student on soft labels at their temperature (Papernot et al. 2016, section IV).
 *
 * @throws UserError `temperature-mismatch`; else as `train`
 */
export async function distill(options: DistillOptions): Promise<ModelCard> {
  const { softLabels: labels, fineTuneEpochs = DEFAULTS.fineTuneEpochs, adversary } = options;
  const { temperature } = labels.card;
  const all = await trainingOptions({
    ...options,
    settings: { temperature, ...options.settings },
  });
  checkStudentTemperature(labels.card, all.settings.temperature);
  return trainStudent({ ...all, softLabels: labels, fineTuneEpochs, adversary });
}
