// Calls the C++ compiler directly: no build system, no generated project files.
import { execFile, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { addonUnits, commonFlags, sourceFolder } from './sources.mjs';

const run = promisify(execFile);

/** Why there is no addon; the message completes "Native kernels not built: …". */
export class BuildFailure extends Error {}

/** The first C++ compiler that answers: `$CXX`, or the usual names. */
export function findCompiler() {
  const asked = process.env.CXX;
  for (const command of asked ? [asked] : ['c++', 'g++', 'clang++']) {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { command, version: stdout.split('\n')[0] };
  }
  throw new BuildFailure(
    asked ? `$CXX is '${asked}', which does not run` : 'no C++ compiler was found',
  );
}

export function findHeaders() {
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

/**
 * Compiles and links the addon in a folder and returns its path. `extraFlags` come last, for the
 * compiler and the linker alike.
 */
export async function buildAddon(compiler, workFolder, extraFlags = []) {
  const units = addonUnits();
  const flags = [...commonFlags, '-fPIC', '-pthread', `-I${findHeaders()}`, ...extraFlags];
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
  await compile(
    compiler,
    [...shape, '-pthread', ...extraFlags, ...objects, '-o', addon],
    'linking',
  );
  return addon;
}
