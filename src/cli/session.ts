import { type DataSplits, loadData } from '../data/index.ts';
import { type Engine, startEngine } from '../engine/index.ts';
import type { EngineOptions } from './options.ts';
import { Terminal } from './terminal.ts';
import type { TrainingDataOptions } from './training-options.ts';

/** What a command that computes works with. */
export interface Session {
  readonly engine: Engine;
  readonly terminal: Terminal;
}

/** Starts the engine that the flags ask for and says which one it is. */
export async function openSession(options: EngineOptions): Promise<Session> {
  const terminal = new Terminal(options);
  const engine = await startEngine(options.engine, options.threads);
  terminal.note(engine.summary);
  return { engine, terminal };
}

/** Loads the data that the flags name and says what it is. */
export async function openData(
  options: TrainingDataOptions,
  terminal: Terminal,
): Promise<DataSplits> {
  const data = await loadData(options.data, options.trainSize);
  const { train, validation, test, source } = data;
  terminal.note(
    `data: ${source}, ${train.count} training, ${validation.count} validation and ${test.count} test images`,
  );
  return data;
}
