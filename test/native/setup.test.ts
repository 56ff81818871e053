// scripts/setup.mjs in a scratch copy with a stand-in for npm and for the compiler, which log each
// call: nothing is downloaded or compiled.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
let copy = '';
let calls = '';

function write(path: string, text: string): string {
  const file = join(copy, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function executable(path: string, text: string): string {
  const file = write(path, text);
  chmodSync(file, 0o755);
  return file;
}

/** Installs two packages (without the second where `--include=dev` is missing), or builds. */
const NPM = `#!/usr/bin/env node
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
const args = process.argv.slice(2);
appendFileSync('calls.log', args[0] + '\\n');
await new Promise((resolve) => setTimeout(resolve, 300));
if (args[0] === 'ci') {
  const isProduction = process.env.NODE_ENV === 'production' && !args.includes('--include=dev');
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  rmSync('node_modules', { recursive: true, force: true });
  for (const [path, { dev }] of Object.entries(packages)) {
    if (path === '' || (dev && isProduction)) delete packages[path];
    else {
      mkdirSync(path, { recursive: true });
      writeFileSync(path + '/package.json', '{"name": "' + path.slice(13) + '"}');
    }
  }
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
  spawnSync('node', ['native/build/install.mjs']);
} else {
  mkdirSync('dist', { recursive: true });
  writeFileSync('dist/program.js', '');
}
`;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'distill-setup-'));
  calls = join(copy, 'calls.log');
  for (const part of ['native/build', 'native/src', 'native/backend', 'scripts']) {
    const filter = (file: string) => !file.includes(join('native', 'build', 'out'));
    cpSync(join(root, part), join(copy, part), { recursive: true, filter });
  }
  const dependencies = { dependencies: { 'node-api-headers': '1.0.0' } };
  const manifest = { type: 'module', ...dependencies, devDependencies: { tool: '1.0.0' } };
  write('package.json', JSON.stringify(manifest));
  const packages = {
    '': manifest,
    'node_modules/node-api-headers': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-c', optional: true },
    'node_modules/tool': { version: '1.0.0', integrity: 'sha512-b', dev: true },
  };
  write('package-lock.json', JSON.stringify({ packages }));
  for (const file of ['tsconfig.json', 'tsconfig.build.json', 'src/main.ts']) write(file, '');
  executable('bin/npm', NPM);
  symlinkSync(process.execPath, join(copy, 'bin', 'node'));
});

afterEach(() => rmSync(copy, { recursive: true, force: true }));

/** Runs the set-up on a machine that has npm and Node only; returns what it printed. */
async function setUp(variables: Record<string, string> = {}): Promise<string> {
  const { CXX: _, NODE_ENV: __, ...environment } = process.env;
  const env = { ...environment, PATH: join(copy, 'bin'), ...variables };
  const { stdout, stderr } = await run(process.execPath, ['scripts/setup.mjs'], { cwd: copy, env });
  assert.equal(stdout, '');
  return stderr;
}

/** The calls of npm and the compiler since the last time this was asked. */
function newCalls(): string[] {
  if (!existsSync(calls)) return [];
  const lines = readFileSync(calls, 'utf8').split('\n').filter(Boolean);
  rmSync(calls);
  return lines;
}

/** A compiler that fails, and logs each call to compile. */
function failingCompiler(name: string): string {
  const log = `echo compile >> "${calls}"; echo "${name}: error: bad operand" >&2; exit 1`;
  const version = `[ "$1" = --version ] && { echo ${name} 1.0; exit 0; }`;
  return executable(`bin/${name}`, `#!/bin/sh\n${version}\n${log}\n`);
}

function buildFailure(): string {
  return JSON.parse(readFileSync(join(copy, 'native/build/out/build.json'), 'utf8')).failure;
}

test('what a manual `npm ci` has built is not built again', async () => {
  await setUp();
  rmSync(join(copy, 'dist'), { recursive: true });
  for (const name of ['typescript', 'esbuild']) write(`node_modules/${name}/package.json`, '{}');
  newCalls();
  const env = { ...process.env, PATH: join(copy, 'bin') };
  await run(process.execPath, ['scripts/prepare.mjs'], { cwd: copy, env });
  assert.deepEqual(newCalls(), ['run']);
  await setUp();
  assert.deepEqual(newCalls(), []);
  write('src/main.ts', '// changed');
  await setUp();
  assert.deepEqual(newCalls(), ['run']);
});

test('everything is set up once', async () => {
  await setUp();
  assert.deepEqual(newCalls(), ['ci', 'run']);
  assert.equal(await setUp(), '');
  assert.deepEqual(newCalls(), []);
  write('src/main.ts', 'changed');
  await setUp();
  assert.deepEqual(newCalls(), ['run']);
});

test('NODE_ENV=production installs the development dependencies that the build needs', async () => {
  await setUp({ NODE_ENV: 'production' });
  assert.deepEqual(newCalls(), ['ci', 'run']);
  assert.ok(existsSync(join(copy, 'node_modules/tool')));
  await setUp();
  assert.deepEqual(newCalls(), []);
});

test('a manual install is not repeated; one without development dependencies is', async () => {
  const env = { ...process.env, PATH: join(copy, 'bin') };
  await run(join(copy, 'bin/npm'), ['ci'], { cwd: copy, env });
  newCalls();
  await setUp();
  assert.deepEqual(newCalls(), ['run']);
  await run(join(copy, 'bin/npm'), ['ci'], { cwd: copy, env: { ...env, NODE_ENV: 'production' } });
  newCalls();
  await setUp();
  assert.deepEqual(newCalls(), ['ci']);
});

test('a package that was removed or replaced is installed again', async () => {
  await setUp();
  newCalls();
  rmSync(join(copy, 'node_modules/tool'), { recursive: true });
  await setUp();
  assert.deepEqual(newCalls(), ['ci']);
  const hidden = join(copy, 'node_modules/.package-lock.json');
  writeFileSync(hidden, readFileSync(hidden, 'utf8').replace('sha512-b', 'sha512-x'));
  await setUp();
  assert.deepEqual(newCalls(), ['ci']);
});

test('a compiler or CXX that appears later is noticed, and tried once', async () => {
  await setUp();
  newCalls();
  assert.equal(buildFailure(), 'no C++ compiler was found');
  failingCompiler('c++');
  assert.match(await setUp(), /compiling the engine/);
  assert.match(buildFailure(), /c\+\+ failed on \w+\.cc: c\+\+: error: bad operand/);
  assert.ok(newCalls().includes('compile'));
  assert.equal(await setUp(), '');
  assert.deepEqual(newCalls(), []);
  const CXX = failingCompiler('other');
  assert.match(await setUp({ CXX }), /compiling the engine/);
  assert.match(buildFailure(), /other failed on/);
  assert.equal(await setUp({ CXX }), '');
});

test('two first runs at once do the work once and both succeed', async () => {
  const printed = await Promise.all([setUp(), setUp(), setUp()]);
  assert.deepEqual(newCalls(), ['ci', 'run']);
  assert.equal(printed.filter((text) => text.includes('waiting for another set-up')).length, 2);
  assert.ok(!existsSync(join(copy, '.distill-setup.lock')));
});

test('the lock of a set-up that was killed is taken over', async () => {
  const ended = spawn(process.execPath, ['--eval', '']);
  await once(ended, 'exit');
  const lock = write('.distill-setup.lock', `${ended.pid} ${hostname()}`);
  await Promise.all([setUp(), setUp()]);
  assert.deepEqual(newCalls(), ['ci', 'run']);
  assert.ok(!existsSync(lock));
});
