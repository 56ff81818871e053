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
export async function openSession(options: EngineOptions): Promise<Session> {
  const terminal = new Terminal(options);
  const engine = await startEngine(options.engine, options.threads);
  terminal.note(engineText(engine));
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
