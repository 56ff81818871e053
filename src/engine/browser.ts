/**
 * The entry point of this folder in a browser, where the bundler uses it instead of `index.ts`: one
 * engine, the WebAssembly kernels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { registerWasmFrom } from '../../native/backend/browser.ts';

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

/**
 * Starts the kernels.
 * @throws Error when this browser has no WebAssembly with SIMD
 */
export async function startBrowserEngine(module: Uint8Array<ArrayBuffer>): Promise<void> {
  tf.enableProdMode();
  await registerWasmFrom(() => module);
  await tf.setBackend('wasm');
}
