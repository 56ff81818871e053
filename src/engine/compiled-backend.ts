import * as tf from '@tensorflow/tfjs-core';
import { CompiledBackend } from '../../native/backend/backend.ts';

/** The backend that runs, where its kernels are compiled. */
export function compiledBackend(): CompiledBackend | undefined {
  const backend = tf.backend();
  return backend instanceof CompiledBackend ? backend : undefined;
}
