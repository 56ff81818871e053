import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type Kernels, loadAddon, loadWasm, wasmFile } from '../../native/backend/index.ts';
import { nativeMissing } from './backends.ts';

const native = join(import.meta.dirname, '..', '..', 'native');
const { kernelList } = await import(join(native, 'build', 'sources.mjs'));
const names: string[] = kernelList().map(({ name }: { name: string }) => name);

test('the WebAssembly module exports the kernels of kernel_list.h', async () => {
  assert.ok(names.length >= 26);
  const { kernels } = await loadWasm(readFileSync(wasmFile));
  for (const name of names) assert.equal(typeof kernels[name as keyof Kernels], 'function', name);
});

test('the addon exports the same', { skip: nativeMissing }, () => {
  const addon = loadAddon();
  for (const name of names) assert.equal(typeof addon[name as keyof Kernels], 'function', name);
});

test('an addon of other sources is not loaded: its kernels have other numbers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'distill-addon-'));
  const file = join(folder, 'kernels.cjs');
  const [first, second, ...others] = names;
  const write = (list: readonly string[]) =>
    writeFileSync(file, `module.exports = { ${list.map((name) => `${name}() {}`).join(', ')} };`);
  try {
    for (const list of [[second, first, ...others], names.slice(0, -1), names.slice(1)]) {
      write(list);
      assert.throws(() => loadAddon(file), /built from other sources/);
      delete createRequire(import.meta.url).cache[file];
    }
    write([...names, 'set_threads']);
    assert.ok(loadAddon(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the addon refuses arguments of the wrong type', { skip: nativeMissing }, () => {
  const addon = loadAddon() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const floats = new Float32Array(4);
  assert.throws(() => addon.fill(new Float64Array(4), 4, 0), /Float32Array/);
  assert.throws(() => addon.fill([1, 2], 4, 0), /Float32Array/);
  assert.throws(() => addon.fill(floats, 'four', 0), /integer/);
  assert.throws(() => addon.fill(floats, 4), /too few arguments/);
  assert.throws(() => addon.ints_to_float(floats, floats, 4), /Int32Array/);
});

test('an integer that does not fit is refused and not taken modulo 2^32', {
  skip: nativeMissing,
}, () => {
  const addon = loadAddon();
  const floats = new Float32Array(4);
  for (const count of [
    2 ** 31,
    2 ** 32 + 4,
    -(2 ** 31) - 1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    assert.throws(() => addon.fill(floats, count, 1), RangeError);
  }
  assert.throws(() => addon.fill(floats, 1.5, 1), TypeError);
  assert.deepEqual([...floats], [0, 0, 0, 0]);
});

test('kernel-table.ts is generated from the C++ list', () => {
  execFileSync(process.execPath, [join(native, 'build', 'kernels.mjs'), '--check']);
});

test('the generated gradients are those of the installed TensorFlow.js', () => {
  execFileSync(process.execPath, [join(native, 'build', 'gradients.mjs'), '--check']);
});

test('the WebAssembly module is current', () => {
  execFileSync(process.execPath, [join(native, 'build', 'wasm.mjs'), '--check', '--digest']);
});
