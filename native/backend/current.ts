import { backend } from '@tensorflow/tfjs-core';
import { CompiledBackend } from './backend.ts';

/** The backend that runs, where its kernels are compiled. */
export function compiledBackend(): CompiledBackend | undefined {
  const current = backend();
  return current instanceof CompiledBackend ? current : undefined;
}
