/** Follows CONTRIBUTING.md in a copy of the repository: every recipe is applied as it is written. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const root = join(import.meta.dirname, '..');
const COPIED = [
  ...['bench', 'bin', 'docs', 'native', 'scripts', 'src', 'test'],
  ...['biome.json', 'package.json', 'tsconfig.json', 'tsconfig.browser.json'],
];

interface Change {
  readonly path: string;
  /** A whole new file, or a diff of an existing one. */
  readonly isDiff: boolean;
  readonly text: string;
}

interface Recipe {
  readonly title: string;
  /** Number of files that the table states. */
  readonly count: number;
  readonly changes: readonly Change[];
  readonly commands: readonly string[];
  /** Files and folders that the commands write. */
  readonly generated: readonly string[];
}

/** The recipes: rows of the table, and the sections that they link to. */
function recipesOf(text: string): Recipe[] {
  const rows = text.matchAll(/^\| \[([^\]]+)\]\(#[\w-]+\) \| (\d+) \| [^|]* \|([^|]*)\|$/gm);
  return [...rows].map(([, title, count, generated]) => {
    const section = text
      .split(/^#{2,3} /m)
      .find((one) => one.toLowerCase().startsWith(`${title}\n`));
    assert.ok(section, `there is no section "${title}"`);
    const fences = section.matchAll(/^\*\*`([^`]+)`\*\*[^`]*```(ts|diff)\n(.*?)^```$/gms);
    const commands = section.matchAll(/^```sh\n(.*?)^```$/gms);
    return {
      title,
      count: Number(count),
      changes: [...fences].map(([, path, language, content]) => ({
        path,
        isDiff: language === 'diff',
        text: content,
      })),
      commands: [...commands].flatMap(([, lines]) => lines.trim().split('\n')),
      generated: [...generated.matchAll(/`([^`]+)`/g)].map(([, path]) => path),
    };
  });
}

/** `text` with a diff applied. Every hunk begins with `@@`, and its context is there exactly once. */
function patched(text: string, diff: string): string {
  const hunks = diff.split(/^@@\n/m).filter((hunk) => hunk !== '');
  return hunks.reduce((current, hunk) => {
    const lines = hunk.trimEnd().split('\n');
    const side = (mark: string) =>
      lines
        .filter((line) => line === '' || line.startsWith(' ') || line.startsWith(mark))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const [old, wanted] = [`\n${side('-')}`, `\n${side('+')}`];
    assert.equal(current.split(old).length, 2, `not there exactly once:${old}`);
    return current.replace(old, () => wanted);
  }, text);
}

/** The contents of all files by path. */
function contentsOf(copy: string): Map<string, string> {
  const entries = readdirSync(copy, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(copy.length + 1), readFileSync(path, 'latin1')]));
}

/** Runs a command of CONTRIBUTING.md; `npm test` without its set-up, which would install and build. */
function run(copy: string, command: string): void {
  const line = command.replace(/^npm test -- /, 'node scripts/test.mjs ');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
    cwd: copy,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  assert.equal(status, 0, `${command}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
}

const recipes = recipesOf(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'));

/** The module of kernels is built by these, and by nothing else. */
const canBuildKernels = ['clang++-14', 'wasm-ld-14'].every(
  (tool) => spawnSync(tool, ['--version']).status === 0,
);

describe('the recipes of CONTRIBUTING.md', () => {
  const copy = mkdtempSync(join(tmpdir(), 'distill-contributing-'));
  const isCopied = (path: string) => !path.includes(join('native', 'build', 'out'));
  before(() => {
    for (const part of COPIED) {
      cpSync(join(root, part), join(copy, part), { recursive: true, filter: isCopied });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  it('are those of an attack, a loss, a layer, an architecture, a data set and a kernel', () => {
    const titles = recipes.map(({ title }) => title.replace(/^an? /, ''));
    const wanted = ['attack', 'loss', 'layer kind', 'architecture', 'data set', 'kernel'];
    assert.deepEqual(titles, wanted);
  });

  for (const { title, count, changes, commands, generated } of recipes) {
    const skip = title === 'a kernel' && !canBuildKernels && 'it needs clang 14';
    it(`${title}: the files of the table and no others`, { skip }, () => {
      assert.equal(new Set(changes.map(({ path }) => path)).size, count, 'files in the table');
      const old = contentsOf(copy);
      for (const { path, isDiff, text } of changes) {
        const current = old.get(path);
        assert.equal(current !== undefined, isDiff, `${path} is there: ${current !== undefined}`);
        mkdirSync(dirname(join(copy, path)), { recursive: true });
        writeFileSync(
          join(copy, path),
          isDiff ? patched(readFileSync(join(copy, path), 'utf8'), text) : text,
        );
      }
      for (const command of commands.filter((one) => !one.startsWith('npm test'))) {
        run(copy, command);
      }
      const touched = [...contentsOf(copy)]
        .filter(([path, text]) => old.get(path) !== text)
        .map(([path]) => path)
        .filter((path) => !generated.some((one) => path === one || path.startsWith(`${one}/`)));
      assert.deepEqual(touched.sort(), changes.map(({ path }) => path).sort());
    });
  }

  it('leave lint and types in order', () => {
    const paths = recipes.flatMap(({ changes }) => changes.map(({ path }) => path));
    const typescript = paths.filter((path) => path.endsWith('.ts'));
    run(copy, `node_modules/.bin/biome ci --colors=off ${typescript.join(' ')}`);
    run(copy, 'node_modules/.bin/tsc --noEmit');
  });

  for (const { title, commands } of recipes) {
    const skip = title === 'a kernel' && !canBuildKernels && 'it needs clang 14';
    it(`${title}: passes the tests that its recipe names`, { skip }, () => {
      const tests = commands.filter((command) => command.startsWith('npm test -- '));
      assert.ok(tests.length > 0);
      for (const command of tests) run(copy, command);
    });
  }
});
