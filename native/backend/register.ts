/** Makes a table of kernels a TensorFlow.js backend. */
import * as tf from '@tensorflow/tfjs-core';
import { CompiledBackend } from './backend.ts';
import { convKernels } from './conv.ts';
import { convReluPoolKernels } from './conv-relu-pool.ts';
import { elementwiseKernels } from './elementwise.ts';
import type { Kernels } from './kernels.ts';
import { matmulKernels } from './matmul.ts';
import type { Memory } from './memory.ts';
import { movementKernels } from './movement.ts';
import { poolKernels } from './pool.ts';
import { reduceKernels } from './reduce.ts';
import { registerKernels } from './registry.ts';
import { loadWasm, type WorkerHost } from './wasm.ts';

const compiledKernels = [
  ...convKernels,
  ...convReluPoolKernels,
  ...poolKernels,
  ...matmulKernels,
  ...elementwiseKernels,
  ...reduceKernels,
  ...movementKernels,
];

/** Registers a backend under a name that is still free. */
export function register(name: string, kernels: Kernels, memory: Memory): void {
  registerKernels(name, compiledKernels);
  tf.registerBackend(name, () => new CompiledBackend(kernels, memory), 0);
}

/**
 * Registers the backend `wasm`, unless it is.
 *
 * @param read gives the WebAssembly module
 * @param host starts workers; without it kernels run on one thread
 * @throws Error when this JavaScript engine lacks SIMD
 */
export async function registerWasmFrom(
  read: () => Uint8Array<ArrayBuffer>,
  host?: WorkerHost,
): Promise<void> {
  if (tf.engine().registryFactory.wasm !== undefined) return;
  const { kernels, memory } = await loadWasm(read(), host);
  register('wasm', kernels, memory);
}
