import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type DataSplits,
  loadData,
  loadTestData,
  type Purpose,
  type TestData,
} from '../data/index.ts';
import { type Engine, sayWhenInterrupted, startEngine } from '../engine/index.ts';
import { dataClasses, readModelCard } from '../models/index.ts';
import { counted, countText } from '../numbers.ts';
import { checkWritable } from '../storage/index.ts';
import type { DataOptions, EngineOptions, RunsOptions } from './options.ts';
import { Terminal } from './terminal.ts';
import type { TrainingDataOptions } from './training-options.ts';
import { visible } from './visible.ts';

/** What a command that computes works with. */
export interface Session {
  readonly engine: Engine;
  readonly terminal: Terminal;
  /** Folder below which this command's run is kept; absent: nowhere. */
  readonly runs?: string;
}

const BUILD_NATIVE =
  'with a C++ compiler (c++, g++ or clang++), `npm run install` builds the faster native one';

/** What gives a faster engine than this one. */
const FASTER: Readonly<Partial<Record<Engine['name'], string>>> = {
  wasm: BUILD_NATIVE,
  tensorflow: BUILD_NATIVE,
  cpu: '`--engine auto` chooses a faster one',
};

/** An engine in one line, with what would give a faster one. */
export function engineText({ name, summary }: Pick<Engine, 'name' | 'summary'>): string {
  return [summary, FASTER[name]].filter(Boolean).join('; ');
}

/** Starts the engine that the flags ask for and says which one it is. */
export async function openSession(options: EngineOptions & Partial<RunsOptions>): Promise<Session> {
  const terminal = new Terminal(options);
  const { runs } = options;
  if (runs !== undefined) await checkWritable(join(runs, 'run')); // before hours are spent
  const engine = await startEngine(options.engine, options.threads);
  terminal.note(engineText(engine));
  const cores = availableParallelism();
  if (options.threads !== undefined && options.threads > cores) {
    terminal.warn(`${options.threads} threads share ${counted(cores, 'core')}: fewer are faster`);
  }
  return { engine, terminal, ...(runs !== undefined && { runs }) };
}

/** What Ctrl+C and SIGTERM say from now on, even with `--quiet`: how to go on. */
export function whenInterrupted(text: string): void {
  sayWhenInterrupted(visible(`\ninterrupted: ${text}\n`));
}

/** Loads the data to train on and says what it is. */
export async function openData(
  options: TrainingDataOptions,
  terminal: Terminal,
): Promise<DataSplits> {
  const data = await loadData(options.data, options.trainSize);
  sayWhatItIs(data, terminal);
  return data;
}

/** Loads the data to test a model on, as the model takes it, and says what it is. */
export async function openTestData(
  { data: source }: DataOptions,
  model: string,
  terminal: Terminal,
): Promise<TestData> {
  const data = await loadTestData(source, await purposeOf(model));
  sayWhatItIs(data, terminal);
  return data;
}

/** What images are for that a model is to be tested on. */
export async function purposeOf(folder: string): Promise<Purpose> {
  const { network } = await readModelCard(folder);
  return { shape: network.inputShape, classes: dataClasses(network) };
}

function sayWhatItIs({ source, train, validation, test, notes }: TestData, terminal: Terminal) {
  const counts =
    train && validation
      ? `${countText(train.count)} training, ${countText(validation.count)} validation and ${counted(test.count, 'test image')}`
      : `${counted(test.count, 'test image')} and none to train on`;
  terminal.note(`data: ${source}, ${counts}`);
  for (const note of notes ?? []) terminal.note(`data: ${note}`);
}
