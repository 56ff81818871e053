// Formats the C++ sources with clang-format (see .clang-format). Versions of clang-format differ, so
// another version, like a missing one, skips the step and says so.
//
//   node native/build/format.mjs           formats them
//   node native/build/format.mjs --check   lists what is not formatted (exit code 1 if any)
//
// `pip install clang-format==23.1.5` gives the version.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR_VERSION = '23';
const FOLDERS = ['native/src', 'test/native/kernels', 'bench/kernels'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join(folder, name)),
);

const { stdout } = spawnSync('clang-format', ['--version'], { encoding: 'utf8' });
const version = stdout?.match(/version (\d+)/)?.[1];
if (version !== MAJOR_VERSION) {
  const found = version === undefined ? 'it is not installed' : `this is version ${version}`;
  console.log(`C++ formatting skipped: it needs clang-format ${MAJOR_VERSION}, ${found}.`);
} else {
  const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
  const { status } = spawnSync('clang-format', [...mode, ...files], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 3;
}
