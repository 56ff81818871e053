import type { ArchitectureName } from '../models/index.ts';

export const OPTIMIZERS = ['adam', 'sgd'] as const;
export type OptimizerName = (typeof OPTIMIZERS)[number];

/** Everything about a training run that its weights depend on, besides data and soft labels. */
export interface TrainingSettings {
  readonly architecture: ArchitectureName;
  /** Softmax temperature of the loss. */
  readonly temperature: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Of the first step; decays to zero along half a cosine, unless `constantRate`. */
  readonly learningRate: number;
  readonly optimizer: OptimizerName;
  /** Whether the output layer's initial weights and step are scaled for the temperature. */
  readonly outputScaling: boolean;
  readonly seed: number;
  /** Of SGD; absent: `MOMENTUM`. */
  readonly momentum?: number;
  /** The learning rate stays what it is; absent: it decays. */
  readonly constantRate?: true;
}

/** The recipe's defaults; `distill --help` and the docs read them here. */
export const DEFAULTS = {
  architecture: 'cnn',
  temperature: 40,
  epochs: 10,
  batchSize: 128,
  learningRate: 0.002,
  sgdLearningRate: 0.1,
  optimizer: 'adam',
  outputScaling: true,
  seed: 1,
  noise: 0.1,
  noiseKind: 'uniform',
  noiseCopies: 1,
  dropoutPasses: 10,
  outlierShare: 0.9,
  fineTuneEpochs: 0,
  attackEps: 0.3,
  attackSteps: 40,
  certifiedLoss: 'ibp',
  certifiedEpochs: 18,
  ordinaryShare: 0.3,
  boxShare: 0.6,
  sigma: 0.5,
} as const;

/**
 * What certified training minimizes: `ibp`, the loss by interval bounds and an ordinary share; `mtl-ibp`,
 * where the ordinary share is taken of attacked images; `crown-ibp`, where linear bounds are mixed in
 * while the budget grows; `sabr`, by interval bounds of a small box around an attacked image.
 */
export const CERTIFIED_LOSSES = ['ibp', 'mtl-ibp', 'crown-ibp', 'sabr'] as const;
export type CertifiedLoss = (typeof CERTIFIED_LOSSES)[number];

/**
 * What training for randomized smoothing minimizes: the cross-entropy on images with normal noise
 * (`gaussian`), that and the disagreement of two draws (`consistency`), or the first on images attacked
 * beneath their noise (`smoothadv`).
 */
export const SMOOTHED_LOSSES = ['gaussian', 'consistency', 'smoothadv'] as const;
export type SmoothedLoss = (typeof SMOOTHED_LOSSES)[number];

/** The defaults, with some of them replaced. */
export function settingsWith(changes: Partial<TrainingSettings>): TrainingSettings {
  const { architecture, temperature, epochs, batchSize, outputScaling, seed } = DEFAULTS;
  const optimizer = changes.optimizer ?? DEFAULTS.optimizer;
  const learningRate = optimizer === 'adam' ? DEFAULTS.learningRate : DEFAULTS.sgdLearningRate;
  return {
    architecture,
    temperature,
    epochs,
    batchSize,
    learningRate,
    optimizer,
    outputScaling,
    seed,
    ...changes,
  };
}

/** SGD's momentum. */
export const MOMENTUM = 0.9;

/** Named sets of defaults for training. */
export const RECIPE_NAMES = ['default', 'paper'] as const;
export type RecipeName = (typeof RECIPE_NAMES)[number];

/**
 * What a recipe sets that has an option of its own, by the option's name in a program. `paper` is
 * MNIST in Papernot et al. 2016: their network with its dropout, SGD, 50 epochs of the images as they
 * are, and no scaling of the output layer. Sources quote a momentum of 0.5 or of 0.9.
 */
export const RECIPES = {
  default: {},
  paper: {
    architecture: 'papernot-mnist',
    optimizer: 'sgd',
    learningRate: 0.1,
    epochs: 50,
    batchSize: 128,
    outputScaling: false,
    noiseCopies: 0,
  },
} as const;

/** What a recipe sets that has no option of its own. */
export const RECIPE_SETTINGS: Readonly<
  Record<RecipeName, Pick<TrainingSettings, 'momentum' | 'constantRate'>>
> = { default: {}, paper: { momentum: 0.5, constantRate: true } };

/** Methods of robust training on labels, the default first. */
export const ADVERSARIAL_METHODS = ['pgd', 'fast', 'trades', 'mart', 'awp'] as const;
/** Of robust training on soft labels. */
export const DISTILLATION_METHODS = ['ard', 'rslad', 'iad', 'adaad', 'mtard'] as const;
export type MethodName =
  | (typeof ADVERSARIAL_METHODS)[number]
  | (typeof DISTILLATION_METHODS)[number];
