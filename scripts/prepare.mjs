// npm runs this in a clone, before packing, and where a git URL is installed: it builds the program.
// It leaves the building to `setup.mjs` where that called npm, and does nothing where the development
// dependencies were left out (`npm ci --omit=dev`).
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beginBuild, endBuild } from './program-stamp.mjs';

const root = join(import.meta.dirname, '..');
const canBuild = ['typescript', 'esbuild'].every((name) =>
  existsSync(join(root, 'node_modules', name, 'package.json')),
);
if (canBuild && process.env.DISTILL_SETUP === undefined) {
  rmSync(join(root, 'dist'), { recursive: true, force: true }); // no file of an older build is packed
  const digest = beginBuild();
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status === 0) endBuild(digest);
  process.exitCode = status ?? 1;
}
