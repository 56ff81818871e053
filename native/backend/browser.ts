/** The backend `wasm` in a browser: what of `index.ts` needs no Node.js. */

export { CONV_RELU, type ConvPoolOptions, convReluPool } from './conv-relu-pool.ts';
export { compiledBackend } from './current.ts';
export { pageThreads, pageWorkers } from './page-workers.ts';
export type { Plan, Span } from './plan.ts';
export { type Recording, recordPlan } from './recording.ts';
export { registerWasmFrom } from './register.ts';
