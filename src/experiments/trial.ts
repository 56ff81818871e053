/** A trial: the whole recipe (teacher, soft labels, student, evaluation) with one configuration. */
import type { NoiseOptions } from '../data/index.ts';
import type { EngineChoice } from '../engine/index.ts';
import { digestOf } from '../storage/index.ts';
import type { TrainingSettings } from '../training/index.ts';
import { programVersion } from '../version.ts';
import type { ReproductionName } from './reproductions/names.ts';

/** Everything that the results of a trial depend on, defaults filled in. */
export interface TrialSettings {
  readonly data: string;
  /** How many training images are used; null: all. */
  readonly trainSize: number | null;
  /** Of teacher and student alike. */
  readonly training: TrainingSettings;
  readonly noise: NoiseOptions;
  readonly fineTuneEpochs: number;
  /** Linf budget that the student is attacked within, in pixel values. */
  readonly eps: number;
  /** How many test images are attacked. */
  readonly samples: number;
  readonly engine: EngineChoice;
  /** The paper by whose protocol the model is attacked; absent: by that of sweeps, within `eps`. */
  readonly paper?: ReproductionName;
  /** What is measured is the network trained on hard labels, and no student is distilled. */
  readonly isUndistilled?: true;
}

/** Hexadecimal digits that tell trials apart. */
const ID_LENGTH = 12;

const keyOf = (content: object): string =>
  digestOf({ program: programVersion(), ...content }).slice(0, ID_LENGTH);

/** The trial's name: the same settings have the same, others another. */
export const trialId = (settings: TrialSettings): string => keyOf({ settings });

/** Names the teacher of a trial: trials with the same one share it. */
export const teacherKey = ({ data, trainSize, training, engine }: TrialSettings): string =>
  keyOf({ data, trainSize, training, engine });

/** Names the soft labels of a trial: trials with the same ones share them. */
export const softLabelsKey = (settings: TrialSettings): string =>
  keyOf({ teacher: teacherKey(settings), noise: settings.noise });

/** Later stages first, so that what is begun is ended and what it needed can be removed. */
export const STAGES = ['trial', 'soft-labels', 'teacher'] as const;

/**
 * What one worker does at a time. A teacher and soft labels are made once for all trials that share
 * them; a trial trains and measures its student.
 */
export interface Task {
  readonly stage: (typeof STAGES)[number];
  readonly settings: TrialSettings;
  /** How the trial is repeated: arguments of the command line. */
  readonly command: readonly string[];
  /** Of a trial: train the student for so many epochs only, and leave its checkpoint. */
  readonly until?: number;
}

/** Tells tasks apart. */
export function taskKey({ stage, settings, until }: Task): string {
  const key = { teacher: teacherKey, 'soft-labels': softLabelsKey, trial: trialId }[stage];
  return `${stage}-${key(settings)}${until === undefined ? '' : `-until-${until}`}`;
}
