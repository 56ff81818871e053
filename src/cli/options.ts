import { type Command, Option } from 'commander';
import { DATA_SOURCES_IN_WORDS } from '../data/sources/registry.ts';
import { ENGINES, MAX_THREADS } from '../engine/choices.ts';
import type { EngineChoice } from '../engine/index.ts';
import { FAILURES, GATE_ENDS, parseGate, shortGates } from '../evaluation/gate-syntax.ts';
import type { Failure, Gate, GateEnd } from '../evaluation/index.ts';
import { ARCHITECTURE_NAMES } from '../models/architectures/registry.ts';
import type { ArchitectureName } from '../models/index.ts';
import type { Adversary, OptimizerName, TrainingSettings } from '../training/index.ts';
import { DEFAULTS, OPTIMIZERS } from '../training/settings.ts';
import { decimal, integer, parseEps } from './parsers.ts';

/** The thresholds that a record is held against. */
export interface GateFlags {
  readonly gate?: readonly string[];
  readonly gateOn?: GateEnd;
  readonly failOn?: readonly Failure[];
  readonly minAccuracy?: number;
  readonly minRobustAccuracy?: number;
}

export function addGateOptions(command: Command): Command {
  return command
    .option('--gate <thresholds...>', "exit with 1 unless met, such as 'student: accuracy >= 0.99'")
    .addOption(
      new Option(
        '--gate-on <what>',
        "hold the metric against the threshold, or its interval's worse end",
      )
        .choices(GATE_ENDS)
        .default('estimate'),
    )
    .addOption(new Option('--fail-on <what...>', 'exit with 1 if there is any').choices(FAILURES))
    .option('--min-accuracy <x>', 'exit with 1 below this share', decimal('--min-accuracy', 0, 1))
    .option(
      '--min-robust-accuracy <x>',
      'the same for every worst case under attack',
      decimal('--min-robust-accuracy', 0, 1),
    );
}

/**
 * All gates that the flags ask for.
 * @throws UserError `bad-gate`
 */
export const gatesOf = (flags: GateFlags): Gate[] => [
  ...shortGates(flags),
  ...(flags.gate ?? []).map(parseGate),
];

/** The options of every command. */
export interface OutputOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

/** The options of every command that computes with a model. */
export interface EngineOptions extends OutputOptions {
  readonly engine: EngineChoice;
  readonly threads?: number;
}

/** The options of every command that draws random numbers. */
export interface SharedOptions extends EngineOptions {
  readonly seed: number;
}

export function addOutputOptions(
  command: Command,
  json = 'print one JSON record on standard output and nothing else there',
): Command {
  return command
    .option('--json', json)
    .option('--quiet', 'print no progress and no notes')
    .option('--verbose', 'on an error, print the stack trace too');
}

export function addEngineOptions(command: Command): Command {
  return addOutputOptions(
    command
      .addOption(
        new Option('--engine <name>', 'which engine computes')
          .choices(['auto', ...ENGINES])
          .default('auto'),
      )
      .option(
        '--threads <n>',
        'cores to use (default: all that this process may use)',
        integer('--threads', 1, MAX_THREADS),
      ),
  );
}

export function addSharedOptions(command: Command): Command {
  return addEngineOptions(
    command.addOption(
      new Option('--seed <n>', 'of every random stream')
        .argParser(integer('--seed', 0))
        .default(DEFAULTS.seed),
    ),
  );
}

/** The options that say which images a command works on. */
export interface DataOptions {
  readonly data: string;
}

export function addDataOptions(command: Command): Command {
  return command.option('--data <source>', DATA_SOURCES_IN_WORDS, 'mnist');
}

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
  readonly temperature: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate?: number;
  readonly optimizer: OptimizerName;
  readonly architecture: ArchitectureName;
  readonly outputScaling: boolean;
  readonly logDir?: string;
}

const temperature = decimal('--temperature', 0, 10_000, true);

/** The options of a command whose temperature should be that of what it starts from. */
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

/** Everything that shapes training, the temperature excepted. */
export function addTrainingOptions(command: Command): Command {
  return addTrainingDataOptions(
    command
      .option(
        '--epochs <n>',
        'passes over the training images',
        integer('--epochs', 1),
        DEFAULTS.epochs,
      )
      .option(
        '--batch-size <n>',
        'images a step',
        integer('--batch-size', 1, 65_536),
        DEFAULTS.batchSize,
      )
      .option(
        '--learning-rate <x>',
        `of the first step (default: ${DEFAULTS.learningRate} for adam, ${DEFAULTS.sgdLearningRate} for sgd)`,
        decimal('--learning-rate', 0, 1000, true),
      )
      .addOption(new Option('--optimizer <name>').choices(OPTIMIZERS).default(DEFAULTS.optimizer))
      .addOption(
        new Option('--architecture <name>')
          .choices(ARCHITECTURE_NAMES)
          .default(DEFAULTS.architecture),
      )
      .option(
        '--no-output-scaling',
        "leave the output layer's start and step as at T = 1 (to see what goes wrong)",
      )
      .option('--log-dir <folder>', 'write event files for TensorBoard there'),
  );
}

/** The settings that the flags ask for. */
export function trainingSettings(flags: TrainingFlags & SharedOptions): TrainingSettings {
  const { architecture, temperature, epochs, batchSize, optimizer, outputScaling, seed } = flags;
  const usual = optimizer === 'adam' ? DEFAULTS.learningRate : DEFAULTS.sgdLearningRate;
  const learningRate = flags.learningRate ?? usual;
  return {
    architecture,
    temperature,
    epochs,
    batchSize,
    learningRate,
    optimizer,
    outputScaling,
    seed,
  };
}

/** The options of the attack in the loop of adversarial training. */
export interface AdversaryFlags {
  readonly eps: string;
  readonly attackSteps: number;
}

export function addAdversaryOptions(command: Command): Command {
  return command
    .option('--eps <x>', 'Linf budget of the attack in training', String(DEFAULTS.attackEps))
    .option(
      '--attack-steps <n>',
      'its gradient steps; 1 is the fast variant',
      integer('--attack-steps', 1),
      DEFAULTS.attackSteps,
    );
}

/** The attack in the loop that the flags ask for. */
export function adversaryOf({ eps, attackSteps }: AdversaryFlags): Adversary {
  return { eps: parseEps(eps, 'Linf'), steps: attackSteps };
}
