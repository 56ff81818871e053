// Runs the kernels under sanitizers: memory errors and undefined behavior (through Node, with the
// conformance suite and the property tests; and in a C++ program of their own), then data races.
// Works in a copy, so that the checkout's own build stays as it is. Needs g++ on Linux.
//
//   npm run test:sanitize
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAddon } from '../native/build/compile.mjs';
import { buildProgram } from '../native/build/program.mjs';

const COMPILER = 'g++';
const root = join(import.meta.dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'distill-sanitize-'));
const memoryFlags = [
  '-O1',
  '-g',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
];
const raceFlags = ['-O1', '-g', '-fsanitize=thread'];

function run(what, command, args, options = {}) {
  console.log(`sanitize: ${what}`);
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (status === 0) return;
  console.log(`${stdout}\n${stderr}`.slice(-8000));
  throw new Error(`${what}: exit code ${status}`);
}

function library(name) {
  const { stdout } = spawnSync(COMPILER, [`-print-file-name=${name}`], { encoding: 'utf8' });
  return stdout.trim();
}

/** The sources with an instrumented addon, and blocks that end where their tensor does. */
async function prepareCopy() {
  for (const part of ['native', 'src', 'bench', 'test/native', 'package.json']) {
    const filter = (file) => !file.includes(join('native', 'build', 'out'));
    cpSync(join(root, part), join(copy, part), { recursive: true, filter });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const memoryFile = join(copy, 'native', 'backend', 'memory.ts');
  const source = readFileSync(memoryFile, 'utf8');
  const exact = source.replace('const ALIGNMENT = 64;', 'const ALIGNMENT = 4;');
  if (exact === source) throw new Error('memory.ts no longer says how blocks are aligned');
  writeFileSync(memoryFile, exact);

  const output = join(copy, 'native', 'build', 'out');
  mkdirSync(output, { recursive: true });
  console.log('sanitize: building the addon');
  renameSync(await buildAddon(COMPILER, output, memoryFlags), join(output, 'kernels.node'));
}

/** The kernels' property program, in which a kernel's arrays end where its memory does. */
function checkAlone(what, name, flags, rounds) {
  console.log(`sanitize: building ${name}`);
  const check = join(root, 'test', 'native', 'kernels', 'check.cc');
  run(what, buildProgram({ name, sources: [check], flags }), [rounds, '1']);
}

try {
  await prepareCopy();
  const env = {
    ...process.env,
    LD_PRELOAD: [library('libasan.so'), library('libubsan.so')].join(' '),
    // Node itself leaks on exit; what JavaScript allocates is seen by the red zones.
    ASAN_OPTIONS: 'detect_leaks=0',
  };
  const suite = join(copy, 'test', 'native', 'conformance', 'run.mjs');
  run('conformance suite', process.execPath, [suite, 'native'], { cwd: copy, env });
  const tests = [
    'conv',
    'pool',
    'matmul',
    'elementwise',
    'reduce',
    'movement',
    'optimizers',
    'memory',
  ];
  const files = tests.map((name) => `test/native/${name}.test.ts`);
  const args = ['--import', 'tsx', '--test', '--test-concurrency=2', ...files];
  run('property tests', process.execPath, args, { cwd: copy, env });
  checkAlone('kernels alone, memory', 'check-memory', memoryFlags, '60');
  checkAlone('kernels alone, races', 'check-races', raceFlags, '20');
  console.log('sanitize: clean');
} finally {
  rmSync(copy, { recursive: true, force: true });
}
