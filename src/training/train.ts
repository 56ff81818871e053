import type { DataSplits } from '../data/index.ts';
import { RandomStream } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import {
  buildNetwork,
  type Classifier,
  type EpochRecord,
  initialWeights,
  loadModel,
  MODEL_FOLDER,
  Model,
  type ModelCard,
  type ModelRole,
  saveModel,
} from '../models/index.ts';
import { checkFolder, digestOf } from '../storage/index.ts';
import { programVersion } from '../version.ts';
import type { Adversary } from './adversarial.ts';
import { type CertifiedGoal, certifiedPhase, intervalWeights } from './certified.ts';
import { CheckpointFile, type Resume } from './checkpoint.ts';
import { fit, type Phase, type TrainingProgress } from './fit.ts';
import type { RobustPhase } from './methods/method.ts';
import { methodNamed } from './methods/registry.ts';
import { DEFAULTS, type MethodName, type TrainingSettings } from './settings.ts';
import { SMOOTHED_SETTINGS, type SmoothedGoal, smoothedPhase } from './smoothed.ts';
import type { SoftLabels } from './soft-labels.ts';
import { TrainingSet } from './training-set.ts';

/** What every kind of training takes besides its settings. */
export interface TrainingOptions {
  readonly data: DataSplits;
  readonly settings: TrainingSettings;
  /** The model folder to write. */
  readonly out: string;
  /** The running engine: for the record; only its own checkpoints are resumed from. */
  readonly engine: { readonly name: string; readonly instructionSet: string };
  readonly resume: Resume;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
}

export interface StudentOptions extends TrainingOptions {
  readonly softLabels: SoftLabels;
  /** Epochs on the hard labels of the clean images afterwards, at a tenth of the learning rate. */
  readonly fineTuneEpochs: number;
  /** Learn the soft labels from attacked images, so that robustness is distilled too. */
  readonly adversary?: Adversary | undefined;
}

export interface AdversarialOptions extends TrainingOptions {
  readonly adversary: Adversary;
}

export interface CertifiedOptions extends TrainingOptions {
  readonly goal: CertifiedGoal;
}

export interface SmoothedOptions extends TrainingOptions {
  readonly goal: SmoothedGoal;
}

type Settings = Readonly<Record<string, string | number | boolean>>;

function dataFacts({ source, train, validation }: DataSplits) {
  return {
    source,
    trainSize: train.count,
    digest: digestOf([train.digest, validation.digest]),
  };
}

/**
 * Digest of all that determines the weights except the engine: the weights that another engine
 * computes differ by rounding only. The card records which engine it was.
 */
function inputsDigest(
  role: ModelRole,
  data: DataSplits,
  settings: Settings,
  softLabels?: string,
): string {
  const program = programVersion();
  return digestOf({ program, role, data: dataFacts(data).digest, settings, softLabels });
}

/** `baseline` is the teacher's network trained without temperature: there is nothing to distil. */
function teacherRole(settings: TrainingSettings): ModelRole {
  return settings.temperature === 1 ? 'baseline' : 'teacher';
}

/** The digest of all that determines a teacher's or baseline's weights. */
export function teacherInputsDigest(data: DataSplits, settings: TrainingSettings): string {
  return inputsDigest(teacherRole(settings), data, { ...settings });
}

/** The attack in the loop, as settings of a model card. */
function adversarySettings(adversary: Adversary | undefined, robustTeacher?: string): Settings {
  if (!adversary) return {};
  const { eps, steps, method } = adversary;
  const isDefault = method === 'pgd' || method === 'ard';
  return {
    attackEps: eps,
    attackSteps: method === 'fast' ? 1 : steps,
    ...(method && !isDefault && { method }),
    ...(robustTeacher !== undefined && { robustTeacher }),
  };
}

/** @throws UserError `temperature-mismatch` */
function checkMethod(method: MethodName, temperature: number): void {
  if (!methodNamed(method).needsPlainSoftLabels || temperature === 1) return;
  throw new UserError(
    'temperature-mismatch',
    `${method} is defined for soft labels at T = 1, these are at T = ${temperature}`,
    { hint: 'make them from a teacher that was trained at T = 1' },
  );
}

/**
 * The model that soft labels were made from.
 * @throws UserError `stale-soft-labels`, or as `loadModel`
 */
async function teacherOf({ card, teacherFolder }: SoftLabels): Promise<Model> {
  const { card: teacherCard, model } = await loadModel(teacherFolder);
  if (teacherCard.digest === card.teacher.digest) return model;
  model.dispose();
  throw new UserError(
    'stale-soft-labels',
    `${teacherFolder} is not what the soft labels are from`,
    {
      hint: 'make the soft labels with the teacher as it is now',
    },
  );
}

/**
 * The second teacher of a method that asks one.
 * @throws UserError `no-robust-teacher`, or as `loadModel`
 */
async function robustTeacherOf({ method = 'ard', robustTeacher }: Adversary, data: DataSplits) {
  if (!methodNamed(method).needsRobustTeacher) return undefined;
  if (robustTeacher === undefined) {
    throw new UserError('no-robust-teacher', `${method} learns from two teachers, found one`, {
      hint: 'name the robust one; the soft labels are those of the clean one',
    });
  }
  const loaded = await loadModel(robustTeacher);
  const { network, temperature } = loaded.card;
  const { shape, classes } = data.train;
  const isSame = String([network.inputShape, network.classes]) === String([shape, classes]);
  if (isSame && temperature === 1) return loaded;
  loaded.model.dispose();
  const problem = isSame
    ? `was trained at T = ${temperature}, and ${method} is defined at T = 1`
    : `takes images [${network.inputShape.join(', ')}] of ${network.classes} classes, the data are [${shape.join(', ')}] of ${classes}`;
  throw new UserError('no-robust-teacher', `${robustTeacher} ${problem}`, {
    hint: 'name a robust model that was trained on these data at T = 1',
  });
}

/** What a method of robust training changes about a phase. */
function robustly(adversary: Adversary, teacher?: Classifier): RobustPhase {
  return methodNamed(adversary.method ?? 'pgd').phase(adversary, teacher);
}

/** The digest of all that determines a student's weights. */
export function studentInputsDigest(
  data: DataSplits,
  settings: TrainingSettings,
  softLabelsDigest: string,
  fineTuneEpochs: number,
  adversary?: Settings,
): string {
  const all = { ...settings, fineTuneEpochs, ...adversary };
  return inputsDigest('student', data, all, softLabelsDigest);
}

async function trainModel(
  options: TrainingOptions,
  role: ModelRole,
  phases: readonly Phase[],
  facts: {
    readonly inputsDigest: string;
    readonly settings: Settings;
    softLabels?: ModelCard['softLabels'];
  },
  startFrom: typeof initialWeights = initialWeights,
): Promise<ModelCard> {
  const { data, settings, out, engine } = options;
  await checkFolder(out, MODEL_FOLDER);
  const { classes } = phases[0].set;
  const network = {
    ...buildNetwork(settings.architecture, data.train.shape, classes),
    ...(classes > data.train.classes && { outlierClass: true as const }),
  };
  const stream = new RandomStream(settings.seed, role);
  const { temperature, outputScaling } = settings;
  const ownEngine = { name: engine.name, instructionSet: engine.instructionSet };
  const weights = startFrom(network, outputScaling ? temperature : 1, stream);
  const model = new Model(network, weights, temperature);
  try {
    const checkpoint = new CheckpointFile(out, facts.inputsDigest, ownEngine);
    const history = await fit({
      ...options,
      model,
      phases,
      validation: data.validation,
      stream,
      checkpoint,
    });
    const card = await saveModel(out, network, temperature, await model.weights(), {
      program: programVersion(),
      role,
      ...facts,
      data: dataFacts(data),
      engine: ownEngine,
      history: [...history],
    });
    await checkpoint.remove();
    return card;
  } finally {
    model.dispose();
  }
}

/**
 * Trains on hard labels at the settings' temperature: the teacher, or at T = 1 the undistilled
 * baseline. Writes the model folder and returns its card.
 * @throws RunError `diverged`; UserError `foreign-folder` when another folder is there,
 *   `bad-checkpoint`, `foreign-checkpoint`; UserError or RunError `unwritable`
 */
export async function trainTeacher(options: TrainingOptions): Promise<ModelCard> {
  const { data, settings } = options;
  const { epochs, learningRate, temperature } = settings;
  const phase: Phase = { set: new TrainingSet(data.train), epochs, learningRate, temperature };
  return trainModel(options, teacherRole(settings), [phase], {
    inputsDigest: teacherInputsDigest(data, settings),
    settings: { ...settings },
  });
}

/**
 * Trains on hard labels and attacked images (Madry et al. 2018, or another method). Writes the model folder and returns
 * its card.
 * @throws RunError `diverged`; UserError `foreign-folder` when another folder is there,
 *   `bad-checkpoint`, `foreign-checkpoint`; UserError or RunError `unwritable`
 */
export async function trainAdversarial(options: AdversarialOptions): Promise<ModelCard> {
  const { data, settings, adversary } = options;
  const { epochs, learningRate, temperature } = settings;
  const set = new TrainingSet(data.train);
  const all = { ...settings, ...adversarySettings(adversary) };
  const phase = { set, epochs, learningRate, temperature, ...robustly(adversary) };
  return trainModel(options, 'adversarial', [phase], {
    inputsDigest: inputsDigest('adversarial', data, all),
    settings: all,
  });
}

/**
 * Trains on bounds of the loss over all images within a budget, so that its answers can be proven; the
 * temperature is 1. Writes the model folder and returns its card.
 * @throws UserError `no-bound` for a network without interval bounds, or as `trainTeacher`
 */
export async function trainCertified(options: CertifiedOptions): Promise<ModelCard> {
  const { data, goal } = options;
  const settings = { ...options.settings, temperature: 1 };
  const { epochs, learningRate, temperature } = settings;
  const set = new TrainingSet(data.train);
  const { eps, loss, share, boxShare = DEFAULTS.boxShare } = goal;
  const own = certifiedPhase({ eps, loss, share, boxShare });
  const phase: Phase = { set, epochs, learningRate, temperature, ...own };
  const all = {
    ...settings,
    ...{ certifiedEps: eps, certifiedLoss: loss, ordinaryShare: share },
    ...(loss === 'sabr' && { boxShare }),
  };
  const facts = { inputsDigest: inputsDigest('certified', data, all), settings: all };
  const startFrom: typeof initialWeights = (network, _, stream) => intervalWeights(network, stream);
  return trainModel({ ...options, settings }, 'certified', [phase], facts, startFrom);
}

/**
 * Trains on images with normal noise, for randomized smoothing; the temperature is 1. Writes the model
 * folder and returns its card.
 * @throws as `trainTeacher`
 */
export async function trainSmoothed(options: SmoothedOptions): Promise<ModelCard> {
  const { data, goal } = options;
  const settings = { ...options.settings, temperature: 1 };
  const { epochs, learningRate, temperature } = settings;
  const set = new TrainingSet(data.train);
  const phase: Phase = { set, epochs, learningRate, temperature, ...smoothedPhase(goal) };
  const { sigma, loss } = goal;
  const all = { ...settings, sigma, smoothedLoss: loss, ...SMOOTHED_SETTINGS[loss] };
  return trainModel({ ...options, settings }, 'certified', [phase], {
    inputsDigest: inputsDigest('certified', data, all),
    settings: all,
  });
}

/**
 * Trains a student of the same architecture on soft labels at the settings' temperature
 * (Papernot et al. 2016, section IV). Writes the model folder and returns its card.
 * @throws RunError `diverged`; UserError `foreign-folder` when another folder is there,
 *   `bad-checkpoint`, `foreign-checkpoint`, `temperature-mismatch` for a method that needs soft labels
 *   at T = 1, `outlier-labels` for a robust method, `stale-soft-labels` for one that needs the teacher, `no-robust-teacher`; UserError or RunError `unwritable`
 */
export async function trainStudent(options: StudentOptions): Promise<ModelCard> {
  const { data, settings, softLabels, fineTuneEpochs, adversary } = options;
  if (adversary && softLabels.card.outlier) {
    throw new UserError('outlier-labels', 'robust training has no form for an outlier class', {
      hint: 'make the soft labels without it, or train without attacks',
    });
  }
  if (adversary?.method) checkMethod(adversary.method, softLabels.card.temperature);
  const robust = adversary && (await robustTeacherOf(adversary, data));
  const teacher =
    adversary?.method && methodNamed(adversary.method).needsTeacher
      ? await teacherOf(softLabels)
      : robust?.model;
  const { epochs, learningRate, temperature } = settings;
  const method = adversary && robustly(adversary, teacher?.classifier('teacher'));
  const phases: Phase[] = [
    { set: softLabels.trainingSet(data.train), epochs, learningRate, temperature, ...method },
  ];
  if (fineTuneEpochs > 0) {
    const set = new TrainingSet({ ...data.train, classes: softLabels.card.classes });
    phases.push({
      set,
      epochs: fineTuneEpochs,
      learningRate: learningRate / 10,
      temperature,
      ...method,
    });
  }
  const { digest, outlier, teacher: origin } = softLabels.card;
  const own = adversarySettings(adversary, robust?.card.digest);
  try {
    return await trainModel(options, 'student', phases, {
      inputsDigest: studentInputsDigest(data, settings, digest, fineTuneEpochs, own),
      settings: {
        ...settings,
        fineTuneEpochs,
        ...own,
        ...(outlier && { outlierShare: outlier.share }),
      },
      softLabels: { digest, teacher: origin.digest },
    });
  } finally {
    teacher?.dispose();
  }
}
