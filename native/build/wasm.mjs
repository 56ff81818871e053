// Builds native/wasm/kernels.wasm, which is kept in the repository so that users need no compiler.
//
//   node native/build/wasm.mjs           builds it (needs clang and lld 14)
//   node native/build/wasm.mjs --check   says whether it is current: exit code 1 if it is not
//   node native/build/wasm.mjs --check --digest   the same without building it again
//
// The check compares a digest of the sources; where clang 14 is installed it also builds again
// and compares byte by byte. The linker is called directly: clang would run wasm-opt if it found one,
// and the bytes would depend on that.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  commonFlags,
  digest,
  sourceFolder,
  wasmFile,
  wasmRecordFile,
  wasmSources,
} from './sources.mjs';

/** Other versions would give other bytes. */
const COMPILER = 'clang++-14';
const LINKER = 'wasm-ld-14';

/** What the module exports beside its kernels (see variant.cc); workers set their stack pointer. */
const EXPORTS = [
  ...['set_threads', 'instruction_set', 'set_instruction_set', 'run_plan'],
  ...['allocate', 'release', 'arguments'],
  ...['serve', 'abandon', 'set_may_wait', '__stack_pointer'],
];

const compileFlags = [
  ...commonFlags,
  '--target=wasm32',
  '-msimd128',
  '-matomics',
  '-mmutable-globals',
  '-mbulk-memory',
  // Loops that gain from it are unrolled and in vectors in the source; the others would only be larger.
  '-fno-unroll-loops',
  '-fno-vectorize',
  '-ffreestanding',
  '-nostdlib',
];
const linkFlags = [
  '--no-entry',
  '--strip-all',
  '--gc-sections',
  '--import-memory',
  '--shared-memory',
  '-z',
  'stack-size=1048576',
  '--initial-memory=16777216',
  // A page less than 4 GiB, so that the end of the memory is still a 32-bit number.
  '--max-memory=4294901760',
  ...EXPORTS.map((name) => `--export=${name}`),
];
const sourceDigest = digest('wasm', compileFlags, linkFlags);

const canRebuild =
  !process.argv.includes('--digest') &&
  [COMPILER, LINKER].every((tool) => spawnSync(tool, ['--version']).status === 0);

function run(tool, args) {
  const { status, stderr, error } = spawnSync(tool, args, { cwd: sourceFolder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool} failed: ${error?.message ?? stderr}`);
}

function build() {
  const folder = mkdtempSync(join(tmpdir(), 'distill-wasm-'));
  try {
    const objects = wasmSources.map((source) => {
      const object = join(folder, source.replace('.cc', '.o'));
      run(COMPILER, [...compileFlags, '-c', source, '-o', object]);
      return object;
    });
    const file = join(folder, 'kernels.wasm');
    run(LINKER, [...linkFlags, ...objects, '-o', file]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function check() {
  if (!existsSync(wasmFile) || !existsSync(wasmRecordFile)) return 'it was never built';
  const record = JSON.parse(readFileSync(wasmRecordFile, 'utf8'));
  if (record.sources !== sourceDigest) return 'the sources have changed since it was built';
  if (record.sha256 !== sha256(readFileSync(wasmFile))) return 'it is not the file that was built';
  if (canRebuild && sha256(build()) !== record.sha256) return 'a rebuild gives other bytes';
  return undefined;
}

if (process.argv.includes('--check')) {
  const fault = check();
  const means = canRebuild ? 'rebuilt and compared' : 'by the digest of its sources';
  console.log(
    fault
      ? `native/wasm/kernels.wasm is not current: ${fault}. Run \`node native/build/wasm.mjs\`.`
      : `native/wasm/kernels.wasm is current (${means}).`,
  );
  process.exitCode = fault ? 1 : 0;
} else {
  const bytes = build();
  mkdirSync(dirname(wasmFile), { recursive: true });
  writeFileSync(wasmFile, bytes);
  const record = { sources: sourceDigest, sha256: sha256(bytes), compiler: COMPILER };
  writeFileSync(wasmRecordFile, `${JSON.stringify(record, null, 2)}\n`);
  console.log(`native/wasm/kernels.wasm: ${bytes.length} bytes`);
}
