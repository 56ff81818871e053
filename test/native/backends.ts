/** Helpers of the tests in this folder: which compiled backends there are. */
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  addonFile,
  type CompiledBackend,
  INSTRUCTION_SETS,
  type InstructionSet,
  type Kernels,
  registerNative,
  registerWasm,
} from '../../native/backend/index.ts';

/** The same cases at every run; FAST_CHECK_SEED asks for others. */
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 1), includeErrorInReport: true });

/** For a test's `skip`: false, or the reason why native tests do not run. */
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

/** The instruction sets that these kernels can run on here, the current one first. */
function instructionSets(kernels: Kernels): InstructionSet[] {
  const current = kernels.instruction_set();
  const others = INSTRUCTION_SETS.filter(
    (_, i) => i !== current && kernels.set_instruction_set(i) !== 0,
  );
  kernels.set_instruction_set(current);
  return [INSTRUCTION_SETS[current], ...others];
}

/** Runs a check on every backend and instruction set of this machine. */
export async function onEveryPath(check: () => void): Promise<void> {
  for (const name of compiledBackends) {
    const { kernels } = await use(name);
    for (const set of instructionSets(kernels)) {
      kernels.set_instruction_set(INSTRUCTION_SETS.indexOf(set));
      check();
    }
    kernels.set_instruction_set(INSTRUCTION_SETS.indexOf(instructionSets(kernels)[0]));
  }
}
