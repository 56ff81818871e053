/**
 * The entry point of this folder in a browser, where the bundler uses it instead of `index.ts`: one
 * engine, the WebAssembly kernels, and a GPU where the page brings TensorFlow.js's backend for it.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  compiledBackend,
  pageThreads,
  pageWorkers,
  registerWasmFrom,
} from '../../native/backend/browser.ts';

import { type Gpu, missing, registerOn, type WebgpuBackendClass } from './webgpu-device.ts';

export {
  type ConvPoolOptions,
  compiledBackend,
  convReluPool,
  type Plan,
  type Recording,
  recordPlan,
  type Span,
} from '../../native/backend/browser.ts';
export { RandomStream } from './random.ts';
export { RecordedPass } from './recorded-pass.ts';
export { isOnDevice, valuesOf } from './values.ts';

/**
 * Starts the kernels.
 *
 * @param module the bytes of `kernels.wasm`
 * @param threads for kernels; more than one where the page is cross-origin isolated and its policy
 *   allows workers from `blob:` addresses, as they share memory with the page
 * @throws Error when this browser has no WebAssembly with SIMD
 */
export async function startBrowserEngine(
  module: Uint8Array<ArrayBuffer>,
  threads: number = pageThreads,
): Promise<void> {
  tf.enableProdMode();
  await registerWasmFrom(() => module, threads > 1 ? pageWorkers : undefined);
  await tf.setBackend('wasm');
  compiledBackend()?.kernels.set_threads(threads);
}

/**
 * Makes the GPU of `navigator.gpu` what runs TensorFlow.js.
 *
 * @param Backend `WebGPUBackend` of `@tensorflow/tfjs-backend-webgpu`
 * @returns the GPU in words
 * @throws RunError `no-webgpu` when this browser has none
 */
export async function startBrowserWebgpu(
  Backend: new (device: never, info: never) => tf.KernelBackend,
): Promise<string> {
  tf.enableProdMode();
  const { navigator } = globalThis as { navigator?: { readonly gpu?: Gpu } };
  const gpu = navigator?.gpu;
  if (!gpu) throw missing('this browser has no WebGPU', 'use another browser, or another engine');
  const adapter = await registerOn(gpu, Backend as unknown as WebgpuBackendClass);
  await tf.setBackend('webgpu');
  return adapter;
}
