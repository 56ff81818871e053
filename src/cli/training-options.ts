/** The options of the commands that train, or that make what training needs. */
import { type Command, Option } from 'commander';
import type { NoiseKind } from '../data/index.ts';
import { NOISE_KINDS } from '../data/noise-kinds.ts';
import { ARCHITECTURE_NAMES } from '../models/architectures/registry.ts';
import type { ArchitectureName } from '../models/index.ts';
import type { Adversary, MethodName, OptimizerName, TrainingSettings } from '../training/index.ts';
import {
  DEFAULTS,
  OPTIMIZERS,
  RECIPE_NAMES,
  RECIPE_SETTINGS,
  RECIPES,
  type RecipeName,
  settingsWith,
} from '../training/settings.ts';
import {
  addDataOptions,
  addRunsOption,
  type DataOptions,
  type EngineOptions,
  type RunsOptions,
  type SharedOptions,
} from './options.ts';
import { decimal, integer, parseEps } from './parsers.ts';

/** The options that say which training images a command works on. */
export interface TrainingDataOptions extends DataOptions {
  readonly trainSize?: number;
}

export function addTrainingDataOptions(command: Command): Command {
  return addDataOptions(command).option(
    '--train-size <n>',
    'use only the first n training images (default: all)',
    integer('--train-size', 1),
  );
}

/** The options of every command that trains. */
export interface TrainingFlags extends TrainingDataOptions {
  readonly recipe: RecipeName;
  readonly temperature: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate?: number;
  readonly optimizer: OptimizerName;
  readonly architecture: ArchitectureName;
  readonly outputScaling: boolean;
  readonly logDir?: string;
}

/** What opening a training command's session, data and checkpoint takes. */
export interface TrainingCommandFlags extends EngineOptions, TrainingRunFlags, TrainingDataOptions {
  readonly logDir?: string;
}

const temperature = decimal('--temperature', 0, 10_000, true);

/** The options of a command whose temperature should be that of the model or labels it starts from. */
export interface MatchedTemperature {
  readonly temperature?: number;
  readonly allowTemperatureMismatch?: true;
}

/** @param fallback the default, or where it comes from when the flag is absent */
export function addTemperatureOption(
  command: Command,
  fallback: number | string = DEFAULTS.temperature,
): Command {
  return typeof fallback === 'number'
    ? command.option('--temperature <t>', 'softmax temperature T', temperature, fallback)
    : command.option(
        '--temperature <t>',
        `softmax temperature T (default: ${fallback})`,
        temperature,
      );
}

/** Sets what the chosen recipe sets and nobody typed. */
export function applyRecipe(command: Command): void {
  const { recipe = 'default' } = command.opts<{ recipe?: RecipeName }>();
  for (const [option, value] of Object.entries(RECIPES[recipe])) {
    const source = command.getOptionValueSource(option);
    const hasOption = command.options.some((one) => one.attributeName() === option);
    if (hasOption && (source === undefined || source === 'default')) {
      command.setOptionValueWithSource(option, value, 'recipe');
    }
  }
}

/** Every training setting except the temperature. */
export function addTrainingOptions(command: Command): Command {
  return addTrainingDataOptions(
    command
      .addOption(
        new Option(
          '--recipe <name>',
          'defaults of the options below; paper: as Papernot et al. trained on MNIST (their network and dropout, SGD with momentum 0.5 at a constant 0.1, 50 epochs, no output scaling, no noisy copies)',
        )
          .choices(RECIPE_NAMES)
          .default('default'),
      )
      .option(
        '--epochs <n>',
        'passes over the training images',
        integer('--epochs', 1),
        DEFAULTS.epochs,
      )
      .option(
        '--batch-size <n>',
        'images per training step',
        integer('--batch-size', 1, 65_536),
        DEFAULTS.batchSize,
      )
      .option(
        '--learning-rate <x>',
        `initial learning rate (default: ${DEFAULTS.learningRate} for adam, ${DEFAULTS.sgdLearningRate} for sgd)`,
        decimal('--learning-rate', 0, 1000, true),
      )
      .addOption(
        new Option('--optimizer <name>', 'how weights are updated')
          .choices(OPTIMIZERS)
          .default(DEFAULTS.optimizer),
      )
      .addOption(
        new Option('--architecture <name>', 'network to train')
          .choices(ARCHITECTURE_NAMES)
          .default(DEFAULTS.architecture),
      )
      .option(
        '--no-output-scaling',
        'do not scale the output layer and its learning rate by T (a comparison; accuracy drops)',
      )
      .option(
        '--log-dir <folder>',
        'folder for TensorBoard event files (default: none are written)',
      ),
  );
}

/** The settings that the flags ask for. */
export function trainingSettings(flags: TrainingFlags & SharedOptions): TrainingSettings {
  const { architecture, temperature, epochs, batchSize, optimizer, outputScaling, seed } = flags;
  const { learningRate, recipe } = flags;
  return settingsWith({
    architecture,
    temperature,
    epochs,
    batchSize,
    ...(learningRate !== undefined && { learningRate }),
    optimizer,
    outputScaling,
    seed,
    ...RECIPE_SETTINGS[recipe],
  });
}

export function addOutOption(command: Command, folder: string): Command {
  return command.option('--out <folder>', 'model folder to write', folder);
}

/** Whether a training goes on where it was stopped, and where its run is kept. */
export interface TrainingRunFlags extends RunsOptions {
  readonly resume?: true;
}

export function addTrainingRunOptions(command: Command): Command {
  return addRunsOption(command.option('--resume', 'resume an interrupted run from its checkpoint'));
}

export function addFineTuneOption(command: Command): Command {
  return command.option(
    '--fine-tune-epochs <n>',
    'further passes of the student over the clean images with hard labels',
    integer('--fine-tune-epochs', 0),
    DEFAULTS.fineTuneEpochs,
  );
}

/** The options that say how soft labels are made. */
export interface SoftLabelFlags {
  readonly noise: number;
  readonly noiseKind: NoiseKind;
  readonly noiseCopies: number;
  readonly outlierClass?: true;
  readonly dropoutPasses?: number;
  readonly outlierShare?: number;
}

export function addNoiseOptions(command: Command): Command {
  return command
    .option(
      '--noise <x>',
      'half-width (uniform) or standard deviation (gaussian) of the noise, in pixel values 0 to 1',
      decimal('--noise', 0, 1),
      DEFAULTS.noise,
    )
    .addOption(
      new Option('--noise-kind <kind>', 'distribution of the noise')
        .choices(NOISE_KINDS)
        .default(DEFAULTS.noiseKind),
    )
    .option(
      '--noise-copies <n>',
      'noisy copies of every training image',
      integer('--noise-copies', 0, 100),
      DEFAULTS.noiseCopies,
    );
}

/** The options of the attack in the loop of adversarial training. */
export interface AdversaryFlags {
  readonly eps: string;
  readonly attackSteps: number;
  readonly method: MethodName;
  readonly robustTeacher?: string;
}

/** @param when said of both options, such as ` (with --robust)` */
export function addAdversaryOptions(command: Command, when = ''): Command {
  return command
    .option(
      '--eps <x>',
      `Linf budget of the attack in training, in pixel values, such as 0.3 or 8/255${when}`,
      String(DEFAULTS.attackEps),
    )
    .option(
      '--attack-steps <n>',
      `gradient steps of that attack${when}`,
      integer('--attack-steps', 1),
      DEFAULTS.attackSteps,
    );
}

/** @param methods the first is the default */
export function addMethodOption(
  command: Command,
  methods: readonly MethodName[],
  when = '',
): Command {
  return command.addOption(
    new Option('--method <name>', `how to train on attacked images${when}`)
      .choices(methods)
      .default(methods[0]),
  );
}

/** The attack in the loop that the flags ask for. */
export function adversaryOf(flags: AdversaryFlags): Adversary {
  const { eps, attackSteps, method, robustTeacher } = flags;
  return {
    eps: parseEps(eps, 'Linf'),
    steps: attackSteps,
    method,
    ...(robustTeacher !== undefined && { robustTeacher }),
  };
}
