/** The backend `wasm` in a browser: what of `index.ts` needs no Node.js. */
export { type ConvPoolOptions, convReluPool } from './conv-relu-pool.ts';
export { registerWasmFrom } from './register.ts';
