// What the two builds (Node.js addon, WebAssembly) are made of.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const build = dirname(fileURLToPath(import.meta.url));
export const sourceFolder = join(build, '..', 'src');
export const outputFolder = join(build, 'out');
export const addonFile = join(outputFolder, 'kernels.node');
/** Beside the addon: how it was built, or why it was not. `doctor` reads it. */
export const recordFile = join(outputFolder, 'build.json');
export const wasmFile = join(build, '..', 'wasm', 'kernels.wasm');
export const wasmRecordFile = join(build, '..', 'wasm', 'build.json');

/** Flags that both builds share: floating point may be contracted, never reassociated. */
export const commonFlags = [
  '-std=c++17',
  '-O3',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-ffp-contract=fast',
  '-fno-exceptions',
  '-fno-rtti',
  '-fvisibility=hidden',
];

const avx2 = ['-mavx2', '-mfma'];
const avx512 = [
  ...avx2,
  '-mavx512f',
  '-mavx512dq',
  '-mavx512bw',
  '-mavx512vl',
  '-mprefer-vector-width=512',
];

/** The instruction sets that one addon carries; the best one is chosen when it is loaded. */
const variants = {
  x64: { portable: [], avx2, avx512 },
};

/** Translation units of the addon: `{ source, object, flags }`. */
export function addonUnits(architecture = process.arch) {
  const units = ['dispatch', 'plan', 'threads', 'interrupt', 'node'].map((name) => ({
    source: `${name}.cc`,
    object: `${name}.o`,
    flags: name === 'threads' ? ['-fexceptions'] : [], // a thread that does not start is an exception
  }));
  const sets = variants[architecture] ?? { portable: [] };
  for (const [name, flags] of Object.entries(sets)) {
    units.push({ source: 'variant.cc', object: `variant_${name}.o`, flags });
  }
  return units;
}

/** Translation units of the WebAssembly module. */
export const wasmSources = ['dispatch', 'plan', 'threads', 'variant', 'wasm', 'wasm_threads'].map(
  (name) => `${name}.cc`,
);

/** The entries of `kernel_list.h`: `{ name, parameters: [{ type, name }] }`, types as in C++. */
export function kernelList() {
  const list = readFileSync(join(sourceFolder, 'kernel_list.h'), 'utf8').replace(/\/\/.*$/gm, '');
  return [...list.matchAll(/KERNEL\((\w+), ([^)]*)\)/g)].map(([, name, parameters]) => ({
    name,
    parameters: parameters.split(',').map((parameter) => {
      const [, type, parameterName] = parameter.trim().match(/^(.*\S)\s+(\w+)$/);
      return { type, name: parameterName };
    }),
  }));
}

/** The files of each build that the other one does not read. */
const bindings = {
  node: ['node.cc', 'interrupt.cc', 'interrupt.h'],
  wasm: ['wasm.cc', 'wasm_threads.cc'],
};

/** SHA-256 over the sources of one build (`node` or `wasm`) and whatever else decides the outcome. */
export function digest(build, ...rest) {
  const hash = createHash('sha256');
  for (const name of readdirSync(sourceFolder).sort()) {
    const isOther =
      Object.values(bindings).flat().includes(name) && !bindings[build].includes(name);
    if (isOther || !/\.(cc|h)$/.test(name)) continue;
    hash.update(`${name}\0`).update(readFileSync(join(sourceFolder, name)));
  }
  return hash.update(JSON.stringify(rest)).digest('hex');
}
