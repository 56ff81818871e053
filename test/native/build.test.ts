// The install step and the choice of engine on machines that lack something. Each case runs in a
// copy of the sources, so that this checkout's own build stays as it is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
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
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { addonFile, buildRecordFile } from '../../native/backend/index.ts';
import { nativeMissing } from './backends.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
let copy = '';

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'distill-build-'));
  for (const part of ['native', 'src/engine', 'src/errors.ts', 'package.json']) {
    cpSync(join(root, part), join(copy, part), {
      recursive: true,
      filter: (file) => !file.includes(join('native', 'build', 'out')),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

after(() => rmSync(copy, { recursive: true, force: true }));

const output = () => join(copy, 'native', 'build', 'out');

/** Runs the install step with these environment variables; throws when its exit code is not 0. */
async function install(variables: Record<string, string>): Promise<string> {
  rmSync(output(), { recursive: true, force: true });
  const { CXX: _, ...environment } = process.env;
  const { stdout, stderr } = await run(process.execPath, [join(copy, 'native/build/install.mjs')], {
    env: { ...environment, ...variables },
  });
  assert.equal(stderr, '');
  return stdout;
}

interface Report {
  engine?: { name: string; summary: string };
  error?: { code: string; exitCode: number; message: string; hint: string };
  statuses: { name: string; usable: boolean; detail: string }[];
}

/** Starts an engine in a process of its own and reports the outcome. */
async function start(choice: string): Promise<Report> {
  const script = `
    import { inspectEngines, startEngine } from './src/engine/index.ts';
    const report = {};
    try { report.engine = await startEngine(${JSON.stringify(choice)}, 1); }
    catch ({ code, exitCode, message, hint }) { report.error = { code, exitCode, message, hint }; }
    report.statuses = await inspectEngines();
    process.stdout.write(JSON.stringify(report));`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const { stdout, stderr } = await run(process.execPath, args, { cwd: copy });
  assert.equal(stderr, '', 'nothing is printed by TensorFlow.js');
  return JSON.parse(stdout);
}

/** A C++ compiler that answers `--version` and does `body` otherwise. */
function fakeCompiler(body: string): string {
  const file = join(copy, 'bin', 'c++');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n[ "$1" = --version ] && { echo fake 1.0; exit 0; }\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

test('without a compiler, the install step reports it and wasm runs', async () => {
  const printed = await install({ PATH: '' });
  assert.match(
    printed,
    /^Native kernels not built: no C\+\+ compiler was found\. The WebAssembly .*\n$/,
  );
  const { engine, statuses } = await start('auto');
  assert.equal(engine?.name, 'wasm');
  assert.match(engine?.summary ?? '', /^WebAssembly kernels \(simd128\), 1 thread$/);
  const native = statuses.find(({ name }) => name === 'native');
  assert.deepEqual(native, {
    name: 'native',
    usable: false,
    detail: 'no C++ compiler was found',
  });
});

test('an engine that was asked for and is not there is a user error with a hint', async () => {
  await install({ PATH: '' });
  for (const choice of ['native', 'tensorflow']) {
    const { error } = await start(choice);
    assert.equal(error?.code, 'engine-unavailable');
    assert.equal(error?.exitCode, 2);
    assert.match(error?.message ?? '', new RegExp(`^the engine '${choice}' cannot be used: .`));
    assert.match(error?.hint ?? '', /choose another engine/);
  }
});

test('a compiler that fails, or makes something broken, leaves nothing behind', async () => {
  const failing = fakeCompiler('echo "x.cc:1: error: bad operand" >&2; exit 1');
  assert.match(await install({ CXX: failing }), /failed on \w+\.cc: x\.cc:1: error: bad operand/);
  const absent = await install({ CXX: join(copy, 'no-such-compiler') });
  assert.match(absent, /\$CXX is '.*no-such-compiler', which does not run/);
  const broken = fakeCompiler('while [ "$1" != -o ]; do shift; done; echo garbage > "$2"');
  assert.match(await install({ CXX: broken }), /the self-test failed: /);
  assert.ok(!existsSync(join(output(), 'kernels.node')));
  assert.equal((await start('auto')).engine?.name, 'wasm');
});

test('an addon that cannot be loaded is skipped', async () => {
  rmSync(output(), { recursive: true, force: true });
  mkdirSync(output(), { recursive: true });
  writeFileSync(join(output(), 'kernels.node'), 'not a shared object');
  const { engine, statuses } = await start('auto');
  assert.equal(engine?.name, 'wasm');
  assert.equal(statuses.find(({ name }) => name === 'native')?.usable, false);
  assert.match((await start('native')).error?.message ?? '', /cannot be used/);
});

test('a build that is up to date is not repeated', { skip: nativeMissing }, async () => {
  rmSync(output(), { recursive: true, force: true });
  mkdirSync(output(), { recursive: true });
  cpSync(addonFile, join(output(), 'kernels.node'));
  cpSync(buildRecordFile, join(output(), 'build.json'));
  const { instructionSet } = JSON.parse(readFileSync(buildRecordFile, 'utf8'));
  const { engine } = await start('auto');
  assert.match(
    engine?.summary ?? '',
    new RegExp(`^native kernels \\(${instructionSet}\\), 1 thread$`),
  );
});
