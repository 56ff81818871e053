import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type Kernels, loadAddon, loadWasm, wasmFile } from '../../native/backend/index.ts';
import { Activation, BinaryOp, CompareOp, ReduceOp, UnaryOp } from '../../native/backend/ops.ts';
import { nativeMissing } from './backends.ts';

const native = join(import.meta.dirname, '..', '..', 'native');
const header = readFileSync(join(native, 'src', 'kernels.h'), 'utf8');
const { kernelNames } = await import(join(native, 'build', 'sources.mjs'));
const names: string[] = kernelNames();

test('both bindings export the kernels of kernels.h, and kernels.ts declares them', async () => {
  assert.ok(names.length >= 28);
  const { kernels } = await loadWasm(readFileSync(wasmFile));
  for (const name of names) assert.equal(typeof kernels[name as keyof Kernels], 'function', name);
  const source = readFileSync(join(native, 'backend', 'kernels.ts'), 'utf8');
  for (const name of names) assert.match(source, new RegExp(`^  ${name}\\(`, 'm'));
});

test('the addon exports the same', { skip: nativeMissing }, () => {
  const addon = loadAddon();
  for (const name of names) assert.equal(typeof addon[name as keyof Kernels], 'function', name);
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

test('op numbers are those of kernels.h', () => {
  const inHeader = (name: string): Record<string, number> => {
    const body = header.match(new RegExp(`enum ${name} \\{([^}]*)\\}`))?.[1] ?? '';
    const members = body.replace(/\/\/.*$/gm, '').matchAll(/k(\w+)/g);
    return Object.fromEntries(
      [...members].map(([, member], i) => [member[0].toLowerCase() + member.slice(1), i]),
    );
  };
  const mirrored = { Activation, BinaryOp, CompareOp, UnaryOp, ReduceOp };
  for (const [name, numbers] of Object.entries(mirrored)) {
    assert.deepEqual(inHeader(name), numbers, name);
  }
});

test('the generated gradients are those of the installed TensorFlow.js', () => {
  execFileSync(process.execPath, [join(native, 'build', 'gradients.mjs'), '--check']);
});

test('the WebAssembly module is current', () => {
  execFileSync(process.execPath, [join(native, 'build', 'wasm.mjs'), '--check', '--digest']);
});
