// What the steps of `run.mjs` share: processes, the packed tarball, other versions of Node.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** Runs a command to its end; returns what it printed on standard output. */
export function run(what, command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 27,
    ...options,
  });
  if (status === 0) return stdout;
  throw new Error(
    `${what}: exit code ${status}\n${`${error ?? ''}${stdout}\n${stderr}`.slice(-4000)}`,
  );
}

/** Prints a table with aligned columns, each cell as text. */
export function printTable(columns, rows) {
  const lines = [columns, columns.map((name) => '-'.repeat(name.length)), ...rows];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines) {
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
  }
  console.log();
}

/**
 * Packs a copy of the working tree, so that what is built here stays as it is; the copy is a git
 * repository, for installing from its URL.
 */
export function packCopy(folder) {
  const copy = join(folder, 'copy');
  const list = run('git ls-files', 'git', ['ls-files', '-co', '--exclude-standard'], { cwd: root });
  const files = list.split('\n').filter((file) => file && existsSync(join(root, file)));
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  const git = (...args) => run(`git ${args[0]}`, 'git', args, { cwd: copy });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '--quiet', '-m', 'test');
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  run('npm pack', 'npm', ['pack', '--silent', '--pack-destination', folder], { cwd: copy });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  return { copy, tarball: join(folder, tarball) };
}

/** The folder of a version of Node, which npm brings as a package of its own. */
export function installNode(version, folder) {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(folder, `node-${version}`);
  if (!existsSync(prefix)) {
    const args = ['install', '--prefix', prefix, '--ignore-scripts', '--no-audit', '--no-fund'];
    run(`installing ${name}@${version}`, 'npm', [...args, `${name}@${version}`]);
  }
  return join(prefix, 'node_modules', name, 'bin');
}
