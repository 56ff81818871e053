// The root package's install step: compiles the kernels into a Node.js addon by calling the C++
// compiler directly. It tries, tests what it built in a child process, removes what fails, and
// always succeeds: without the addon the same kernels run as WebAssembly.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  addonFile,
  addonUnits,
  commonFlags,
  digest,
  outputFolder,
  recordFile,
  sourceFolder,
} from './sources.mjs';

const run = promisify(execFile);

/** Ends the attempt; the message completes "Native kernels not built: …". */
class BuildFailure extends Error {}

function say(message) {
  process.stdout.write(`${message}\n`);
}

/** The first C++ compiler that answers: `$CXX`, or the usual names. */
function findCompiler() {
  const asked = process.env.CXX;
  for (const command of asked ? [asked] : ['c++', 'g++', 'clang++']) {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { command, version: stdout.split('\n')[0] };
  }
  throw new BuildFailure(
    asked ? `$CXX is '${asked}', which does not run` : 'no C++ compiler was found',
  );
}

function findHeaders() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node-api-headers/package.json');
    return join(dirname(manifest), 'include');
  } catch {
    throw new BuildFailure('the package node-api-headers is not installed');
  }
}

/** Runs the tasks, at most `limit` at a time. */
async function inParallel(tasks, limit) {
  const queue = [...tasks];
  const worker = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

async function compile(compiler, args, what) {
  try {
    await run(compiler, args, { maxBuffer: 1 << 26 });
  } catch (error) {
    const reason = String(error.stderr ?? error).match(/^.*(?:error|fatal).*$/m)?.[0] ?? '';
    throw new BuildFailure(`${compiler} failed on ${what}${reason && `: ${reason.slice(0, 300)}`}`);
  }
}

async function buildAddon(compiler, headers, workFolder) {
  const units = addonUnits();
  const flags = [...commonFlags, '-fPIC', '-pthread', `-I${headers}`];
  await inParallel(
    units.map((unit) => () => {
      const source = join(sourceFolder, unit.source);
      const object = join(workFolder, unit.object);
      return compile(compiler, [...flags, ...unit.flags, '-c', source, '-o', object], unit.source);
    }),
    availableParallelism(),
  );
  const addon = join(workFolder, 'kernels.node');
  const shape =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const objects = units.map((unit) => join(workFolder, unit.object));
  await compile(compiler, [...shape, '-pthread', ...objects, '-o', addon], 'linking');
  return addon;
}

async function selfTest(addon) {
  const script = fileURLToPath(new URL('selftest.mjs', import.meta.url));
  try {
    const { stdout } = await run(process.execPath, [script, addon], { timeout: 60_000 });
    return JSON.parse(stdout);
  } catch (error) {
    const reason = String(error.stderr || error.signal || error)
      .trim()
      .split('\n')
      .at(-1);
    throw new BuildFailure(`the self-test failed: ${reason}`);
  }
}

async function install() {
  if (process.platform === 'win32') throw new BuildFailure('not supported on Windows yet');
  const compiler = findCompiler();
  const headers = findHeaders();
  const wanted = digest('node', addonUnits(), commonFlags, compiler, process.platform);
  if (existsSync(addonFile) && existsSync(recordFile)) {
    const record = JSON.parse(readFileSync(recordFile, 'utf8'));
    if (record.digest === wanted) return say('Native kernels are up to date.');
  }
  const workFolder = join(outputFolder, `work-${process.pid}`);
  mkdirSync(workFolder, { recursive: true });
  try {
    const start = Date.now();
    const addon = await buildAddon(compiler.command, headers, workFolder);
    const tested = await selfTest(addon);
    renameSync(addon, addonFile);
    const record = { digest: wanted, compiler: compiler.version, ...tested };
    writeFileSync(recordFile, `${JSON.stringify(record, null, 2)}\n`);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    say(`Native kernels built in ${seconds} s (${compiler.command}, ${tested.instructionSet}).`);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

try {
  await install();
} catch (error) {
  const reason = error instanceof BuildFailure ? error.message : `unexpected: ${error.message}`;
  say(`Native kernels not built: ${reason}. The WebAssembly kernels are used instead.`);
  try {
    rmSync(addonFile, { force: true });
    mkdirSync(outputFolder, { recursive: true });
    writeFileSync(recordFile, `${JSON.stringify({ failure: reason }, null, 2)}\n`);
  } catch {
    // A read-only checkout: there is nothing to remove and nowhere to note the reason.
  }
}
