/** WebAssembly on several threads: JavaScript workers on one shared memory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { loadWasm, wasmFile } from '../../native/backend/index.ts';
import type { Block } from '../../native/backend/memory.ts';
import { nodeWorkers } from '../../native/backend/workers.ts';
import { randomValues } from './values.ts';

const bytes = () => readFileSync(wasmFile);
const floats = ({ buffer, byteOffset, byteLength }: Block) =>
  new Float32Array(buffer, byteOffset, byteLength >> 2);

/** A padded convolution, which needs scratch memory for each worker. */
const [BATCH, SIZE, IN, OUT] = [64, 24, 8, 16];
const GEOMETRY = Int32Array.of(BATCH, SIZE, SIZE, IN, 3, 3, OUT, SIZE, SIZE, 1, 1, 1, 1, 1, 1, 0);

async function padded(host?: typeof nodeWorkers) {
  const { kernels, memory } = await loadWasm(bytes(), host);
  const block = (length: number, seed?: number) => {
    const made = memory.allocate(4 * length);
    if (seed !== undefined) floats(made).set(randomValues(seed, length));
    return made;
  };
  const x = block(BATCH * SIZE * SIZE * IN, 1);
  const w = block(9 * IN * OUT, 2);
  const y = block(BATCH * SIZE * SIZE * OUT);
  const run = () => {
    kernels.conv2d(floats(x), floats(w), null, floats(y), GEOMETRY, 1);
    return floats(y).slice();
  };
  return { kernels, run, memoryBytes: () => x.buffer.byteLength };
}

test('workers take tasks, and the memory that they grow keeps every result right', async () => {
  const { kernels, run, memoryBytes } = await padded(nodeWorkers);
  const alone = run();
  assert.equal(kernels.set_threads(3), 3);
  const before = memoryBytes();
  // The caller has its scratch memory: only a worker that takes its first task makes more.
  const deadline = Date.now() + 20_000;
  while (memoryBytes() === before && Date.now() < deadline) assert.deepEqual(run(), alone);
  assert.ok(memoryBytes() > before, 'no worker took a task');
  for (const threads of [2, 1, 3]) {
    assert.equal(kernels.set_threads(threads), threads);
    for (let i = 0; i < 20; i++) assert.deepEqual(run(), alone);
  }
});

test('without workers the memory is not shared, and the results are the same', async () => {
  const [shared, plain] = [await padded(nodeWorkers), await padded()];
  assert.equal(plain.kernels.set_threads(4), 1);
  assert.deepEqual(plain.run(), shared.run());
});

test('workers that do not start are done without', async () => {
  let started = 0;
  const { kernels, run } = await padded({
    mayWait: true,
    start() {
      if (++started === 3) throw new Error('no more');
    },
  });
  const alone = run();
  assert.equal(kernels.set_threads(8), 3);
  assert.deepEqual(run(), alone);
});

test('there are at most 32 threads', async () => {
  const { kernels } = await padded({ mayWait: true, start() {} });
  assert.equal(kernels.set_threads(256), 32);
});

test('a worker that fails makes the calculation fail, and not wait for ever', async () => {
  const { kernels, run } = await padded({
    mayWait: true,
    start: (script, data) =>
      nodeWorkers.start(script.replace('exports.serve(worker)', 'throw 0'), data),
  });
  kernels.set_threads(2);
  assert.throws(() => {
    for (const end = Date.now() + 20_000; Date.now() < end; ) run();
  }, /unreachable/);
});

const FOLDER = join(import.meta.dirname, '..', '..');
const start = `
  import { startEngine } from './src/engine/index.ts';
  import * as tf from '@tensorflow/tfjs-core';
  const { summary } = await startEngine('wasm', 2);
  for (let i = 0; i < 200; i++) tf.tidy(() => tf.matMul(tf.ones([300, 300]), tf.ones([300, 300])));
  process.stdout.write(summary);`;

for (const [how, end, status] of [
  ['its work is done', '', 0],
  ['process.exit', 'process.exit(3)', 3],
  ['an error', 'throw new Error("end")', 1],
] as const) {
  test(`the process ends with ${how}, whatever its workers do`, () => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', `${start};${end}`];
    const ended = spawnSync(process.execPath, args, { cwd: FOLDER, timeout: 60_000 });
    assert.equal(ended.status, status, String(ended.stderr));
    assert.equal(String(ended.stdout), 'WebAssembly kernels (simd128), 2 threads');
  });
}
