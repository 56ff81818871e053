/** The options that several commands share. */
import { type Command, Option } from 'commander';
import { DATA_SOURCES_IN_WORDS } from '../data/sources/registry.ts';
import { ENGINES, MAX_THREADS } from '../engine/choices.ts';
import type { EngineChoice } from '../engine/index.ts';
import { FAILURES, GATE_ENDS, parseGate, shortGates } from '../evaluation/gate-syntax.ts';
import type { Failure, Gate, GateEnd } from '../evaluation/index.ts';
import { DEFAULTS } from '../training/settings.ts';
import { integer, share } from './parsers.ts';
import { parseQueue, type QueueAddress } from './queue-address.ts';

/** The thresholds that decide the exit code. */
export interface GateFlags {
  readonly gate?: readonly string[];
  readonly gateOn?: GateEnd;
  readonly failOn?: readonly Failure[];
  readonly minAccuracy?: number;
  readonly minRobustAccuracy?: number;
  readonly minCertifiedAccuracy?: number;
}

export function addGateOptions(command: Command): Command {
  return command
    .option('--gate <thresholds...>', "exit with 1 unless met, such as 'student: accuracy >= 0.99'")
    .addOption(
      new Option(
        '--gate-on <what>',
        'what is compared with the threshold: the metric itself, or the worse end of its 95 % interval',
      )
        .choices(GATE_ENDS)
        .default('estimate'),
    )
    .addOption(
      new Option(
        '--fail-on <what...>',
        'exit with 1 if there is a serious flag, any flag (note), or an open verdict on a model and budget (no-verdict)',
      ).choices(FAILURES),
    )
    .option(
      '--min-accuracy <x>',
      'exit with 1 if a model is less accurate than this (such as 0.99 or 99%)',
      share('--min-accuracy'),
    )
    .option(
      '--min-robust-accuracy <x>',
      'exit with 1 if a worst case under attack is less accurate than this (such as 0.99 or 99%)',
      share('--min-robust-accuracy'),
    )
    .option(
      '--min-certified-accuracy <x>',
      'exit with 1 if less than this is certified (such as 0.9 or 90%; with --certify)',
      share('--min-certified-accuracy'),
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

/** How many answers of a model that answers at random are averaged. */
export const eotOption = (): Option =>
  new Option(
    '--eot <n>',
    'attack and judge the mean of n answers to each image, for a model that answers at random (expectation over transformation; default: 1)',
  ).argParser(integer('--eot', 2));

/** Layers that gradients pass through. */
export const bpdaOption = (): Option =>
  new Option(
    '--bpda <layers...>',
    "take the gradient of these layers, named as `distill inspect` does, to be the identity's, for defenses that round (backward pass differentiable approximation)",
  );

/** How precise the pixels of attacked images are. */
export const levelsOption = (): Option =>
  new Option(
    '--levels <n>',
    'round attacked pixels to n levels, such as the 256 of an 8-bit image, and count which examples survive (default: float32)',
  ).argParser(integer('--levels', 2, 65536));

/** How much a command prints. */
export const LOG_MODES = ['text', 'line', 'github'] as const;

/** The files and lines that CI systems read. */
export interface CiFlags {
  readonly junit?: string;
  readonly sarif?: string;
  readonly log: (typeof LOG_MODES)[number];
}

export function addCiOptions(command: Command): Command {
  return command
    .option('--junit <file>', 'write the gates as JUnit XML')
    .option('--sarif <file>', 'write missed gates, flags and verdicts as SARIF')
    .addOption(
      new Option(
        '--log <mode>',
        'what is printed: tables, one line, or that and annotations for GitHub',
      )
        .choices(LOG_MODES)
        .default('text'),
    );
}

/** The options of commands whose work may be done on other machines. */
export interface QueueOptions {
  readonly queue?: QueueAddress;
  readonly store?: string;
}

export function addQueueOptions(command: Command): Command {
  return command
    .option(
      '--queue <address>',
      'work over a queue on Redis or Valkey, such as redis://HOST (encrypted: rediss://)',
      parseQueue,
    )
    .option(
      '--store <folder>',
      'folder that all machines share, for models and results (default: they go through the queue)',
    );
}

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
        new Option('--engine <name>', 'backend that runs the network')
          .choices(['auto', ...ENGINES])
          .default('auto'),
      )
      .option(
        '--threads <n>',
        'threads to use (default: one for each core of this process)',
        integer('--threads', 1, MAX_THREADS),
      ),
  );
}

export function addSharedOptions(command: Command): Command {
  return addEngineOptions(
    command.addOption(
      new Option('--seed <n>', 'seed of all random numbers')
        .argParser(integer('--seed', 0))
        .default(DEFAULTS.seed),
    ),
  );
}

/** The option of every command that trains or measures: its run is kept. */
export interface RunsOptions {
  readonly runs: string;
}

export function addRunsOption(command: Command): Command {
  return command.option('--runs <folder>', 'folder below which this run is kept', 'runs');
}

/** The options that say which images a command works on. */
export interface DataOptions {
  readonly data: string;
}

export function addDataOptions(command: Command): Command {
  return command.option('--data <source>', DATA_SOURCES_IN_WORDS, 'mnist');
}
