/** The engine that the library runs on. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type Engine,
  type EngineChoice,
  startEngine as startChosenEngine,
} from '../engine/index.ts';

let started: Engine | undefined;

/**
 * Starts an engine and makes it TensorFlow.js's backend, for everything in this process.
 *
 * @param choice `auto` (the default) takes the fastest one that works here
 * @param threads 1 to 256; by default the cores that this process may use
 * @throws UserError `engine-unavailable`; RangeError for a number of threads that there cannot be
 */
export async function startEngine(choice?: EngineChoice, threads?: number): Promise<Engine> {
  started = await startChosenEngine(choice, threads);
  return started;
}

/** What runs TensorFlow.js now, as a record says it. */
export type RunningEngine = Pick<Engine, 'threads' | 'instructionSet'> & { readonly name: string };

/**
 * The engine that was started, or the TensorFlow.js backend that you set yourself; where there is
 * neither, the fastest engine is started.
 */
export async function runningEngine(): Promise<RunningEngine> {
  const backend: string | undefined = tf.getBackend();
  if (started?.name === backend) return started;
  if (backend) return { name: backend, instructionSet: 'unknown', threads: 1 };
  return startEngine();
}
