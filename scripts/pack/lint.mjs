// What two linters of packages say of the tarball.
import { join } from 'node:path';
import { run } from './tools.mjs';

const LINTERS = ['@arethetypeswrong/cli@0.18.5', 'publint@0.3.25'];

/** Throws unless both find nothing; returns that. */
export function lintPackage(folder, tarball) {
  const tools = join(folder, 'linters');
  const npm = ['install', '--prefix', tools, '--ignore-scripts', '--no-audit', '--no-fund'];
  run('installing linters', 'npm', [...npm, ...LINTERS]);
  const bin = (name) => join(tools, 'node_modules', '.bin', name);
  // ES modules only: neither CommonJS nor the resolution of Node 10 is offered.
  const profile = ['--profile', 'esm-only', '--exclude-entrypoints', 'kernels.wasm'];
  run('attw', bin('attw'), [tarball, ...profile]);
  run('publint', bin('publint'), ['run', tarball, '--strict']);
  return 'nothing found';
}
