/**
 * Compiled kernels for TensorFlow.js: the backends `native` (Node.js addon) and `wasm`, and the
 * operations that go beyond TensorFlow.js's own.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';
import { INSTRUCTION_SETS, type InstructionSet } from './kernels.ts';
import { heapMemory } from './memory.ts';
import { loadAddon } from './node.ts';
import { addonFile, buildRecordFile, wasmFile } from './paths.ts';
import { register, registerWasmFrom } from './register.ts';
import { loadWasm } from './wasm.ts';
import { nodeWorkers } from './workers.ts';

export { CompiledBackend } from './backend.ts';
export { type ConvPoolOptions, convReluPool } from './conv-relu-pool.ts';
export { compiledBackend } from './current.ts';
export { INSTRUCTION_SETS, type InstructionSet, type Kernels } from './kernels.ts';
export { Adam, type Optimizer, Sgd } from './optimizers.ts';
export type { Plan, Span } from './plan.ts';
export { type Recording, recordPlan } from './recording.ts';
export { addonFile, buildRecordFile, loadAddon, loadWasm, wasmFile };

/**
 * Registers the backend `native`, unless it is.
 *
 * @throws Error when the addon cannot be loaded
 */
export function registerNative(): void {
  if (tf.engine().registryFactory.native !== undefined) return;
  const addon = loadAddon();
  register('native', addon, heapMemory(addon.misalignment));
}

/**
 * Registers the backend `wasm`, unless it is.
 *
 * @throws Error when the module is missing or this JavaScript engine lacks SIMD
 */
export async function registerWasm(): Promise<void> {
  await registerWasmFrom(() => readFileSync(wasmFile), nodeWorkers);
}

/** The instruction set that a compiled backend's kernels run on. */
export function instructionSet(backend: CompiledBackend): InstructionSet {
  return INSTRUCTION_SETS[backend.kernels.instruction_set()];
}
