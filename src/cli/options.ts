import { type Command, Option } from 'commander';
import type { Norm } from '../attacks/types.ts';
import type { EngineChoice } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import {
  FAILURES,
  type Failure,
  GATE_ENDS,
  type Gate,
  type GateEnd,
  parseGate,
  shortGates,
} from '../evaluation/gate-syntax.ts';
import type { Setting, Target } from '../evaluation/index.ts';
import { ARCHITECTURE_NAMES, type ArchitectureName } from '../models/architecture-names.ts';
import type { Adversary } from '../training/adversarial.ts';
import {
  DEFAULTS,
  OPTIMIZERS,
  type OptimizerName,
  type TrainingSettings,
} from '../training/settings.ts';

function refuse(flag: string, value: string, expected: string): never {
  throw new UserError('bad-flag', `${flag} takes ${expected}, not "${value}"`, {
    hint: 'see --help for an example',
  });
}

/** Parser of an integer flag. */
export function integer(flag: string, least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) {
      return value;
    }
    const range =
      most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
    return refuse(flag, text, `an integer ${range}`);
  };
}

/** Parser of a flag that is a number in [least, most], or (least, most] when `open`. */
export function decimal(flag: string, least: number, most: number, open = false) {
  return (text: string): number => {
    const value = Number(text);
    const above = open ? value > least : value >= least;
    if (text.trim() !== '' && Number.isFinite(value) && above && value <= most) return value;
    const range = open ? `above ${least}, at most ${most}` : `from ${least} to ${most}`;
    return refuse(flag, text, `a number ${range}`);
  };
}

/**
 * Reads a budget: a number or a fraction such as `8/255`, in pixel values [0, 1] (`L0`: a number
 * of features). In `L2` and `L1` many small changes may add up to more than 1.
 * @throws UserError `bad-flag`
 */
export function parseEps(text: string, norm: Norm): number {
  const [numerator, denominator, ...rest] = text.split('/');
  const parts = denominator === undefined ? [numerator] : [numerator, denominator];
  const numbers = parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const eps = numbers.length === 2 ? numbers[0] / numbers[1] : numbers[0];
  if (rest.length > 0 || !Number.isFinite(eps) || eps < 0) {
    return refuse('--eps', text, 'a number from 0 to 1 or a fraction such as 8/255');
  }
  if (eps > 1 && norm === 'Linf') {
    throw new UserError(
      'bad-flag',
      `--eps ${text} is larger than the whole pixel range, which is 0 to 1`,
      {
        hint:
          Number.isInteger(eps) && eps <= 255
            ? `did you mean ${eps}/255?`
            : 'did you mean a fraction such as 8/255?',
      },
    );
  }
  return eps;
}

/**
 * Reads an attack's own options, each `name=value`; which of them exist is for the attack to say.
 * @throws UserError `bad-flag`
 */
export function parseSettings(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value, ...rest] = text.split('=');
      const number = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
      if (name === '' || rest.length > 0 || Number.isNaN(number)) {
        return refuse('--set', text, 'name=value with a number, such as steps=100');
      }
      return [name, number];
    }),
  );
}

/**
 * Reads options of several attacks, each `name=value`, `name=value,value` or `attack.name=value`:
 * every value is tried with every other.
 * @throws UserError `bad-flag`
 */
export function parseSettingLists(texts: readonly string[]): Setting[] {
  const settings = texts.map((text): Setting => {
    const [, attack, option, list] = /^(?:([\w-]+)\.)?(\w+)=(.+)$/.exec(text) ?? [];
    const values = (list ?? '').split(',').map((one) => (one.trim() === '' ? NaN : Number(one)));
    if (option === undefined || values.some(Number.isNaN)) {
      return refuse('--set', text, 'name=value, such as steps=100, pgd.steps=100 or steps=40,100');
    }
    return { ...(attack !== undefined && { attack }), option, values };
  });
  settings.forEach(({ attack, option }, i) => {
    const isTwice = settings.some(
      (other, j) => j < i && other.option === option && other.attack === attack,
    );
    if (isTwice) refuse('--set', texts[i], `each option once; several values go as ${option}=a,b`);
  });
  return settings;
}

/**
 * Parser of `--target`: a class, or every wrong one in turn.
 * @throws UserError `bad-flag`
 */
export function parseTarget(text: string): Target {
  if (text === 'every') return text;
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  return refuse('--target', text, 'a class, such as 3, or every');
}

/** The bars that a record is held against. */
export interface GateFlags {
  readonly gate?: readonly string[];
  readonly gateOn?: GateEnd;
  readonly failOn?: readonly Failure[];
  readonly minAccuracy?: number;
  readonly minRobustAccuracy?: number;
}

export function addGateOptions(command: Command): Command {
  return command
    .option('--gate <bars...>', "exit with 1 unless met, such as 'student: accuracy >= 0.99'")
    .addOption(
      new Option('--gate-on <what>', "hold the figure against the bar, or its interval's worse end")
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
export interface SharedOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
  readonly engine: EngineChoice;
  readonly threads?: number;
  readonly seed: number;
}

export function addSharedOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--seed <n>', 'of every random stream')
        .argParser(integer('--seed', 0))
        .default(DEFAULTS.seed),
    )
    .addOption(
      new Option('--engine <name>', 'which engine computes')
        .choices(['auto', 'native', 'tensorflow', 'wasm', 'cpu'])
        .default('auto'),
    )
    .option(
      '--threads <n>',
      'cores to use (default: all that this process may use)',
      integer('--threads', 1, 1024),
    )
    .option('--json', 'print one JSON record on standard output and nothing else there')
    .option('--quiet', 'print no progress and no notes')
    .option('--verbose', 'on an error, print the stack trace too');
}

/** The options that say which images a command works on. */
export interface DataOptions {
  readonly data: string;
  readonly trainSize?: number;
}

export function addDataOptions(command: Command): Command {
  return command
    .option('--data <source>', 'mnist, fashion-mnist, or a folder with four IDX files', 'mnist')
    .option(
      '--train-size <n>',
      'use only the first n training images (default: all)',
      integer('--train-size', 1),
    );
}

/** The options of every command that trains. */
export interface TrainingFlags extends DataOptions {
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
  return addDataOptions(
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
