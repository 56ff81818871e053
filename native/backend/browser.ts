/** The backend `wasm` in a browser: what of `index.ts` needs no Node.js. */

export { CompiledBackend } from './backend.ts';
export { type ConvPoolOptions, convReluPool } from './conv-relu-pool.ts';
export type { Plan } from './plan.ts';
export { type Recording, recordPlan, type Span } from './recording.ts';
export { registerWasmFrom } from './register.ts';
