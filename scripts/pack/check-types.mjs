// The examples against the packed types, and what two linters of packages say of the tarball.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './tools.mjs';

const LINTERS = ['@arethetypeswrong/cli@0.18.5', 'publint@0.3.25'];

/** Type-checks every example, strictly, as a project that has installed the tarball. */
function checkExamples(home, tarball) {
  cpSync(join(root, 'examples'), home, { recursive: true });
  const manifest = { type: 'module', private: true };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  const packages = ['@tensorflow/tfjs-layers@4.22.0', '@types/node@20', tarball];
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional'];
  run('npm install', 'npm', [...npm, ...packages], { cwd: home });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run('types of the examples', process.execPath, [tsc, '--noEmit', '-p', home], { cwd: home });
  // Without skipLibCheck the declarations of dependencies have faults of their own: not ours.
  const args = [tsc, '--noEmit', '-p', home, '--skipLibCheck', 'false'];
  const script = `${JSON.stringify([process.execPath, ...args])}`;
  const found = run('types of the package', process.execPath, [
    '--eval',
    `const { spawnSync } = require('node:child_process');
     const [command, ...args] = ${script};
     process.stdout.write(spawnSync(command, args, { encoding: 'utf8' }).stdout);`,
  ]);
  const ours = found.split('\n').filter((line) => /^node_modules\/distill\//.test(line));
  if (ours.length > 0) throw new Error(`faults in the declarations:\n${ours.join('\n')}`);
}

/** Throws unless types, strict, and both linters find nothing. */
export function checkTypes(folder, tarball) {
  const home = join(folder, 'types');
  mkdirSync(home);
  checkExamples(home, tarball);
  console.log('types: the examples compile with strict, no faults in the declarations');
  const tools = join(folder, 'linters');
  const npm = ['install', '--prefix', tools, '--ignore-scripts', '--no-audit', '--no-fund'];
  run('installing linters', 'npm', [...npm, ...LINTERS]);
  const bin = (name) => join(tools, 'node_modules', '.bin', name);
  // ES modules only: neither CommonJS nor the resolution of Node 10 is offered.
  run('attw', bin('attw'), ['--profile', 'esm-only', '--exclude-entrypoints', 'kernels.wasm', tarball]);
  run('publint', bin('publint'), ['run', tarball, '--strict']);
  console.log('attw and publint: nothing found');
}
