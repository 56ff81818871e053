import { engine, getBackend } from '@tensorflow/tfjs-core';
import { CompiledBackend } from './backend.ts';

/** The backend that runs, where its kernels are compiled. */
export function compiledBackend(): CompiledBackend | undefined {
  // Asking for the backend before there is one would start one.
  const current = engine().findBackend(getBackend());
  return current instanceof CompiledBackend ? current : undefined;
}
