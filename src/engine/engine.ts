/**
 * Chooses what runs TensorFlow.js: `native` (kernels compiled on this machine), else `tensorflow`
 * (the optional peer `@tensorflow/tfjs-node`), else `wasm` (the same kernels, shipped as
 * WebAssembly); only when asked for `webgpu` (a GPU, by optional peers; see webgpu.ts) and `cpu` (plain
 * JavaScript, thousands of times slower).
 */
import { readFileSync } from 'node:fs';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import {
  buildRecordFile,
  CompiledBackend,
  instructionSet,
  registerNative,
  registerWasm,
} from '../../native/backend/index.ts';
import { RunError, UserError } from '../errors.ts';
import { ENGINES, type EngineChoice, type EngineName, MAX_THREADS } from './choices.ts';
import { allowedCores } from './threads.ts';
import { registerWebgpu } from './webgpu.ts';

export interface Engine {
  readonly name: EngineName;
  /** Threads that kernels run on: fewer than were asked for when the system starts no more. */
  readonly threads: number;
  /** What the kernels were compiled for, such as `avx2`; `javascript`, `tensorflow` or `webgpu` otherwise. */
  readonly instructionSet: string;
  /** One line for people: which engine runs and, if it is not `native`, what would be faster. */
  readonly summary: string;
}

interface EngineStatus {
  readonly name: EngineName;
  readonly usable: boolean;
  /** One line: what it is, or why it cannot be used. */
  readonly detail: string;
}

/** Why the addon is missing, as the install step recorded it. */
function buildFailure(): string | undefined {
  try {
    return JSON.parse(readFileSync(buildRecordFile, 'utf8')).failure;
  } catch {
    return 'it was never built';
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0];
}

/**
 * Makes the TensorFlow.js backend of that name available.
 *
 * @returns what it is, in one line
 * @throws Error with the reason when it is not
 */
async function load(name: EngineName, threads: number): Promise<string> {
  switch (name) {
    case 'native':
      try {
        registerNative();
      } catch (error) {
        throw new Error(buildFailure() ?? firstLine(error), { cause: error });
      }
      return 'C++ kernels compiled on this machine';
    case 'wasm':
      await registerWasm();
      return 'the same kernels as WebAssembly';
    case 'tensorflow':
      await loadTensorFlow(threads);
      return 'TensorFlow through @tensorflow/tfjs-node';
    case 'webgpu':
      return `WebGPU on ${await registerWebgpu()}`;
    case 'cpu':
      return 'plain JavaScript, for checks only: thousands of times slower';
  }
}

async function loadTensorFlow(threads: number): Promise<void> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  // tfjs-node 4.22 calls a function that Node 23 removed.
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const peer: string = '@tensorflow/tfjs-node';
  try {
    await import(peer);
  } catch (error) {
    const isAbsent = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    throw new Error(isAbsent ? `${peer} is not installed` : firstLine(error), { cause: error });
  }
}

/** Describes the current backend, which is `detail` and whose kernels run on that many threads. */
function describe(name: EngineName, detail: string, threads: number): Engine {
  const backend = tf.backend();
  const set = backend instanceof CompiledBackend ? instructionSet(backend) : 'javascript';
  switch (name) {
    case 'native':
    case 'wasm': {
      const kernels = name === 'native' ? 'native' : 'WebAssembly';
      const summary = `${kernels} kernels (${set}), ${threads} thread${threads === 1 ? '' : 's'}`;
      return { name, threads, instructionSet: set, summary };
    }
    case 'tensorflow':
      return { name, threads, instructionSet: 'tensorflow', summary: detail };
    case 'webgpu':
      return { name, threads: 1, instructionSet: 'webgpu', summary: detail };
    case 'cpu':
      return {
        name,
        threads: 1,
        instructionSet: set,
        summary: 'plain JavaScript, thousands of times slower',
      };
  }
}

/**
 * Starts an engine and makes it TensorFlow.js's current backend.
 *
 * @param choice an engine, or `auto` for the best one that works
 * @param threads for kernels, 1 to `MAX_THREADS`; by default the cores that this process may use
 * @throws UserError `engine-unavailable` when the engine asked for cannot be used; of `webgpu` RunError
 *   `no-webgpu`
 * @throws RangeError when there cannot be so many threads
 */
export async function startEngine(
  choice: EngineChoice = 'auto',
  threads: number = allowedCores(),
): Promise<Engine> {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new RangeError(`an engine runs on 1 to ${MAX_THREADS} threads, not ${threads}`);
  }
  tf.enableProdMode(); // without it the JavaScript backend recommends other packages on stderr
  const candidates: readonly EngineName[] =
    choice === 'auto' ? ['native', 'tensorflow', 'wasm'] : [choice];
  let reason = '';
  for (const name of candidates) {
    try {
      const detail = await load(name, threads);
      await tf.setBackend(name);
      const backend = tf.backend();
      const isCompiled = backend instanceof CompiledBackend;
      return describe(name, detail, isCompiled ? backend.kernels.set_threads(threads) : threads);
    } catch (error) {
      if (error instanceof RunError) throw error;
      reason = firstLine(error);
    }
  }
  throw new UserError('engine-unavailable', `the engine '${choice}' cannot be used: ${reason}`, {
    hint: 'choose another engine, or let the program choose',
  });
}

/** For each engine, what it is on this machine or why it cannot be used; loads them all. */
export async function inspectEngines(): Promise<EngineStatus[]> {
  const statuses: EngineStatus[] = [];
  for (const name of ENGINES) {
    try {
      statuses.push({ name, usable: true, detail: await load(name, 1) });
    } catch (error) {
      statuses.push({ name, usable: false, detail: firstLine(error) });
    }
  }
  return statuses;
}
