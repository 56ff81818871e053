// Sets up what is missing, and only that: dependencies, the native engine, the built program.
// Needs nothing but Node and npm. Each step looks at what is there, however it got there, so a manual
// `npm ci`, a compiler that was installed since or another `CXX` count. Two set-ups at once take
// turns: the second one finds everything done.

import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSettled, planBuild } from '../native/build/plan.mjs';
import { beginBuild, endBuild, isBuilt } from './program-stamp.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(`error: distill needs Node 20.9 or newer, this is ${process.versions.node}.`);
  process.exit(2);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

// ---- The steps -------------------------------------------------------------------------------

/** True when node_modules holds what package-lock.json lists, development dependencies included. */
function isInstalled() {
  const wanted = readJson('package-lock.json')?.packages ?? {};
  const present = readJson('node_modules/.package-lock.json')?.packages ?? {};
  const manifest = readJson('package.json');
  for (const kind of ['dependencies', 'optionalDependencies', 'devDependencies']) {
    const isLocked = JSON.stringify(wanted['']?.[kind]) === JSON.stringify(manifest[kind]);
    if (!isLocked) return false; // npm says what is wrong
  }
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const entry = present[path];
    if (entry === undefined) return optional === true; // for another platform
    const isSame = entry.version === version && entry.integrity === integrity;
    return isSame && existsSync(join(root, path, 'package.json'));
  });
}

const steps = [
  {
    what: 'installing dependencies and compiling the engine',
    // Development dependencies build the program: also where NODE_ENV is production.
    command: [
      ...['npm', 'ci', '--include=dev', '--no-audit', '--no-fund'],
      ...['--foreground-scripts', '--loglevel=error'],
    ],
    isDone: isInstalled,
  },
  {
    what: 'compiling the engine',
    command: ['node', 'native/build/install.mjs'],
    isDone: () => isSettled(planBuild()),
  },
  {
    what: 'building the program',
    command: ['npm', 'run', '--silent', 'build'],
    isDone: isBuilt,
    before: beginBuild,
    after: endBuild,
  },
];

function run({ what, command, before, after }) {
  console.error(`setup: ${what} (${command.join(' ')})`);
  const started = performance.now();
  const state = before?.();
  const { status } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    env: { ...process.env, DISTILL_SETUP: '1' }, // the build is a step of its own
    stdio: ['ignore', 2, 2], // standard output stays free for the program's own results
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error(
      `error: the set-up step "${command.join(' ')}" failed; what it printed is above.`,
    );
    process.exit(3);
  }
  after?.(state);
  console.error(`setup: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

// ---- One set-up at a time --------------------------------------------------------------------

const lockFile = join(root, '.distill-setup.lock');

function readLock() {
  try {
    return readFileSync(lockFile, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote this lock has ended. One on another machine is taken to run. */
function isAbandoned(lock) {
  const [pid, host] = lock.split(' ');
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Removes an abandoned lock, unless another process has just replaced it by its own. */
function removeLock(abandoned) {
  const aside = `${lockFile}.${process.pid}.old`;
  try {
    renameSync(lockFile, aside);
  } catch {
    return; // another process removed it
  }
  if (readFileSync(aside, 'utf8') !== abandoned) linkSync(aside, lockFile);
  rmSync(aside);
}

/** Creates the lock in one step with its contents, or returns false when there is one. */
function tryLock() {
  const own = `${lockFile}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${hostname()}`);
  try {
    linkSync(own, lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own);
  }
}

function lock() {
  for (let waiting = false; !tryLock(); ) {
    const other = readLock();
    if (other === undefined) continue;
    if (isAbandoned(other)) {
      removeLock(other);
      continue;
    }
    if (!waiting) {
      const [pid, host] = other.split(' ');
      console.error(
        `setup: waiting for another set-up (process ${pid} on ${host}; if there is none, delete ${lockFile})`,
      );
    }
    waiting = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  process.on('exit', () => rmSync(lockFile, { force: true }));
}

if (steps.some(({ isDone }) => !isDone())) {
  lock();
  for (const step of steps) if (!step.isDone()) run(step);
}
