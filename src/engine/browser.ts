/**
 * The entry point of this folder in a browser, where the bundler uses it instead of `index.ts`: one
 * engine, the WebAssembly kernels.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  compiledBackend,
  pageThreads,
  pageWorkers,
  registerWasmFrom,
} from '../../native/backend/browser.ts';

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
