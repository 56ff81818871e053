/** From flags and a file to a sweep: what varies, what is the same, and the command of every trial. */
import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import {
  type Distribution,
  gridSize,
  MOST_POINTS,
  type PlannedTrial,
  type Point,
  type Scalar,
  type SweepDefinition,
  trialId,
} from '../experiments/index.ts';
import type { SweepFlags } from './commands/sweep.ts';
import { parseEps } from './parsers.ts';
import { type AskedSweep, checkParameters, readSweepFile } from './sweep-file.ts';
import { trainingSettings } from './training-options.ts';
import { optionName, runFlagsOf, variedOptions, wordsOf } from './trial-options.ts';

export interface SweepPlan {
  readonly definition: SweepDefinition;
  /** Options that are the same in all trials, by name. */
  readonly fixed: Readonly<Record<string, Scalar>>;
  trialAt(point: Point, seed: number): PlannedTrial;
}

/** The values that were typed, or stand in a configuration file, by the name of the option. */
function typedParameters(command: Command): Record<string, Distribution> {
  const typed = variedOptions().flatMap((option): [string, Distribution][] => {
    const attribute = option.attributeName();
    const source = command.getOptionValueSource(attribute);
    if (source !== 'cli' && source !== 'config') return [];
    const value: unknown = command.getOptionValue(attribute);
    const values = typeof value === 'boolean' ? [value] : String(value).split(',').map(asTyped);
    return [[optionName(option), { kind: 'choice', values }]];
  });
  return Object.fromEntries(typed);
}

/** A number where the text is one, so that axes and tables sort it as one. */
function asTyped(text: string): Scalar {
  const trimmed = text.trim();
  const number = Number(trimmed);
  return trimmed !== '' && String(number) === trimmed ? number : trimmed;
}

/** Numbers as numbers, and each value once. */
function tidied(distribution: Distribution): Distribution {
  if (distribution.kind === 'range') return distribution;
  const values = distribution.values.map((value) =>
    typeof value === 'string' ? asTyped(value) : value,
  );
  return { kind: 'choice', values: [...new Set(values)] };
}

/** What is the same in all trials, and what varies. */
function split(parameters: Readonly<Record<string, Distribution>>) {
  const fixed: Record<string, Scalar> = {};
  const varied: Record<string, Distribution> = {};
  for (const [name, given] of Object.entries(parameters)) {
    const distribution = tidied(given);
    if (distribution.kind === 'choice' && distribution.values.length === 1) {
      fixed[name] = distribution.values[0];
    } else {
      varied[name] = distribution;
    }
  }
  return { fixed, varied };
}

const badSweep = (problem: string, hint: string) => new UserError('bad-flag', problem, { hint });

function checkSize({ method, parameters, runCap }: SweepDefinition): void {
  const size = gridSize({ parameters });
  if (method === 'grid' && size === undefined) {
    throw badSweep(
      'a grid needs values, and a parameter has a range without steps',
      'list its values, give it a step (q_uniform), or use method: random',
    );
  }
  if (method !== 'grid' && runCap === undefined) {
    throw badSweep(`method ${method} has no end`, 'say how many points to try: run_cap');
  }
  const points = Math.min(size ?? MOST_POINTS, runCap ?? Number.POSITIVE_INFINITY);
  if (points > MOST_POINTS) {
    throw badSweep(
      `${points} points are more than the ${MOST_POINTS} that a sweep may have`,
      'vary less, or cap them: run_cap',
    );
  }
}

/** The arguments that every trial has, its point and its seed apart. */
function sharedWords({ data, eps, samples, engine }: SweepFlags): string[] {
  return [
    ...(data === 'mnist' ? [] : ['--data', data]),
    ...['--eps', eps, '--samples', String(samples)],
    ...(engine === 'auto' ? [] : ['--engine', engine]),
  ];
}

function plannedTrial(words: readonly string[]): PlannedTrial {
  const flags = runFlagsOf(words);
  const { data, trainSize = null, noise, noiseKind, noiseCopies, fineTuneEpochs } = flags;
  const { eps, samples, engine, seed } = flags;
  const settings = {
    data,
    trainSize,
    training: trainingSettings(flags),
    noise: { kind: noiseKind, scale: noise, copies: noiseCopies, seed },
    fineTuneEpochs,
    eps: parseEps(eps[0], 'Linf'),
    samples,
    engine,
  };
  const out = ['--out', `runs/trial-${trialId(settings)}`];
  return { settings, command: ['sweep', ...words, ...out] };
}

/**
 * @throws UserError `bad-flag`, `bad-sweep-file`; CommanderError for a value that is no choice
 */
export async function planSweep(
  file: string | undefined,
  flags: SweepFlags,
  command: Command,
): Promise<SweepPlan> {
  parseEps(flags.eps, 'Linf');
  const typed = typedParameters(command);
  const asked: AskedSweep =
    file === undefined
      ? { method: 'grid', objectives: [], parameters: {} }
      : await readSweepFile(file);
  const parameters = { ...asked.parameters, ...typed };
  const names = variedOptions().map(optionName);
  const isSwitch = new Set(variedOptions().flatMap((one) => (one.negate ? [optionName(one)] : [])));
  checkParameters(parameters, names, (name, value) => {
    if (isSwitch.has(name) !== (typeof value === 'boolean')) {
      const expected = isSwitch.has(name) ? 'true or false' : 'a text or a number';
      throw badSweep(`${name} takes ${expected}, not ${JSON.stringify(value)}`, 'change the value');
    }
    runFlagsOf(wordsOf(name, value));
  });
  const { fixed, varied } = split(parameters);
  const count = flags.seeds ?? asked.seeds ?? 1;
  const definition: SweepDefinition = {
    method: asked.method,
    objectives: asked.objectives,
    parameters: varied,
    seeds: Array.from({ length: count }, (_, i) => flags.seed + i),
    ...(asked.runCap !== undefined && { runCap: asked.runCap }),
    ...(asked.atOnce !== undefined && { atOnce: asked.atOnce }),
    ...(asked.earlyTermination && { earlyTermination: asked.earlyTermination }),
  };
  checkSize(definition);
  if (definition.earlyTermination && 'epochs' in varied) {
    throw badSweep(
      'early_terminate compares trials after the same epochs, and epochs varies',
      'give epochs one value',
    );
  }
  if (definition.earlyTermination && flags.queue) {
    throw badSweep(
      'early_terminate needs the checkpoints of its own machine, and a queue has others',
      'leave --queue out',
    );
  }
  const shared = sharedWords(flags);
  return {
    definition,
    fixed,
    trialAt(point, seed) {
      const values: Readonly<Record<string, Scalar>> = { ...fixed, ...point };
      const words = names.flatMap((name) => (name in values ? wordsOf(name, values[name]) : []));
      return plannedTrial([...words, '--seed', String(seed), ...shared]);
    },
  };
}
