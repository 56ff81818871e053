/** Helpers of the tests in this folder: which compiled backends there are. */
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {
  addonFile,
  type CompiledBackend,
  registerNative,
  registerWasm,
} from '../../native/backend/index.ts';

/** For a test's `skip`: false, or the line that says why native tests do not run. */
export const nativeMissing: string | false = existsSync(addonFile)
  ? false
  : 'no native build here (no C++ compiler?); the same tests run on wasm';

/** The compiled backends of this machine: `wasm`, and `native` where it was built. */
export const compiledBackends: readonly ('native' | 'wasm')[] = nativeMissing
  ? ['wasm']
  : ['native', 'wasm'];

/** Makes a backend current. */
export async function use(name: 'native' | 'wasm' | 'cpu'): Promise<CompiledBackend> {
  tf.enableProdMode();
  if (name === 'native') registerNative();
  if (name === 'wasm') await registerWasm();
  await tf.setBackend(name);
  return tf.backend() as CompiledBackend;
}
