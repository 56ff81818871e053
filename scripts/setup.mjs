// Sets up what is missing, and only that: dependencies, the native engine, the built program.
// Needs nothing but Node and npm. Every step leaves a stamp with the digest of its inputs, so that
// nothing is done twice.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(`error: distill needs Node 20 or newer, this is ${process.versions.node}.`);
  process.exit(2);
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== 'out' && !name.startsWith('.'))
    .flatMap((name) => filesOf(join(path, name)));
}

function digest(paths) {
  const hash = createHash('sha256').update(process.versions.modules);
  for (const path of paths) {
    for (const file of filesOf(join(root, path)))
      hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/**
 * Runs a step unless its stamp says that it ran on the same inputs, and tells whether it ran.
 * `isDone`: an earlier step has just done it, so that only the stamp is missing.
 */
function step({ what, inputs, stamp, command, isDone = false }) {
  const file = join(root, stamp);
  const current = digest(inputs);
  if (existsSync(file) && readFileSync(file, 'utf8') === current) return false;
  if (!isDone) run(what, command);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, current);
  return true;
}

function run(what, command) {
  console.error(`setup: ${what} (${command.join(' ')})`);
  const started = performance.now();
  const { status } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    stdio: ['ignore', 2, 2], // standard output stays free for the program's own results
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error(
      `error: the set-up step "${command.join(' ')}" failed; what it printed is above.`,
    );
    process.exit(3);
  }
  console.error(`setup: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

const installed = step({
  what: 'installing dependencies and compiling the engine',
  inputs: ['package.json', 'package-lock.json'],
  stamp: 'node_modules/.distill-setup',
  command: ['npm', 'ci', '--no-audit', '--no-fund', '--foreground-scripts', '--loglevel=error'],
});
step({
  what: 'compiling the engine',
  inputs: ['native/src', 'native/build'],
  stamp: 'native/build/out/.distill-setup',
  command: ['node', 'native/build/install.mjs'],
  isDone: installed,
});
step({
  what: 'building the program',
  inputs: [
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/bundle.mjs',
    'src',
    'native/backend',
  ],
  stamp: 'dist/.distill-setup',
  command: ['npm', 'run', '--silent', 'build'],
});
