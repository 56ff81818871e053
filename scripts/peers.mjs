// Optional peers that scripts install for themselves: they lie in `.interop`, and are linked into
// node_modules as long as the process runs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** What package.json says of each peer's version. */
const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const inModules = (home, name) => join(home, 'node_modules', ...name.split('/'));

/** @returns what the command printed */
export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    ...options,
  });
  if (status === 0) return stdout.trim();
  throw new Error(`${command}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
}

/** The folder that packages are installed into under a name. */
export const homeOf = (name) => join(root, '.interop', name);

/** Whether this repository has the package without a script's help. */
export const isInstalled = (name) => existsSync(join(inModules(root, name), 'package.json'));

/** Installs packages into a home, at the versions of package.json, without their own scripts. */
export function installPeers(home, names) {
  mkdirSync(home, { recursive: true });
  const npm = ['install', '--prefix', home, '--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', [...npm, ...names.map((name) => `${name}@${peerDependencies[name]}`)]);
  // One copy of what all use: a second one registers every kernel again, and says so.
  for (const name of ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu']) {
    const copy = inModules(home, name);
    rmSync(copy, { recursive: true, force: true });
    symlinkSync(inModules(root, name), copy);
  }
}

/** Makes packages of a home available to this repository until the process ends. */
export function linkPeers(home, names) {
  for (const name of names) {
    const link = inModules(root, name);
    rmSync(link, { force: true });
    symlinkSync(inModules(home, name), link);
    process.on('exit', () => rmSync(link, { force: true }));
  }
}
