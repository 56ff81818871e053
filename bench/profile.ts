// Where a task's time goes: time inside each compiled kernel and outside of all of them.
//
//   node --import tsx bench/profile.ts [native|wasm] [threads] [batch] [task, such as forward]
import * as tf from '@tensorflow/tfjs-core';
import type { CompiledBackend } from '../native/backend/index.ts';
import { type EngineChoice, startEngine } from '../src/engine/index.ts';
import { makeTasks, type Task } from './tasks.ts';

const [name = 'native', threads = '1', batch = '128', task = 'training step'] =
  process.argv.slice(2);
const engine = await startEngine(name as EngineChoice, Number(threads));
const { kernels } = tf.backend() as CompiledBackend;

const times = new Map<string, { calls: number; ms: number }>();
let inside = 0;
for (const [kernel, call] of Object.entries(kernels)) {
  (kernels as unknown as Record<string, unknown>)[kernel] = (...args: unknown[]) => {
    const start = performance.now();
    const result = call(...args);
    const ms = performance.now() - start;
    const entry = times.get(kernel) ?? { calls: 0, ms: 0 };
    times.set(kernel, { calls: entry.calls + 1, ms: entry.ms + ms });
    inside += ms;
    return result;
  };
}

const step = makeTasks(Number(batch))[task as Task];

for (let i = 0; i < 50; i++) step();
times.clear();
inside = 0;
const STEPS = 200;
const start = performance.now();
for (let i = 0; i < STEPS; i++) step();
const total = (performance.now() - start) / STEPS;

console.log(`${engine.summary}; batch ${batch}; ${task}`);
for (const [kernel, { calls, ms }] of [...times].sort((a, b) => b[1].ms - a[1].ms)) {
  const each = (ms / STEPS).toFixed(3).padStart(8);
  console.log(`${each} ms  ${(calls / STEPS).toFixed(0).padStart(3)} x ${kernel}`);
}
console.log(`${(inside / STEPS).toFixed(3).padStart(8)} ms  in kernels`);
console.log(
  `${(total - inside / STEPS).toFixed(3).padStart(8)} ms  outside (dispatch, gradients, JavaScript)`,
);
console.log(`${total.toFixed(3).padStart(8)} ms  in all`);
