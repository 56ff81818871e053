/** Which part may import which, as the README says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

/** A part imports parts on later lines, and none on its own line or above. */
const ORDER = [
  ['src/cli'],
  ['src/experiments'],
  ['src/library'],
  ['src/report'],
  ['src/evaluation', 'src/certification', 'src/training'],
  ['src/attacks'],
  ['src/models'],
  ['src/data', 'src/savedmodel'],
  ['src/storage', 'src/engine'],
  ['native/backend'],
];

/** What every part may import. */
const COMMON = [
  'src/arrays.ts',
  'src/closest.ts',
  'src/errors.ts',
  'src/numbers.ts',
  'src/statistics.ts',
  'src/version.ts',
];

/** What reads the files of each kind of data set; `--help` must not load it. */
const READERS = {
  'idx-files': ['fashion-mnist', 'idx-folder', 'mnist'],
  'npz-file': ['npz-file'],
  cifar: ['cifar-folder'],
  'csv-file': ['csv-file', 'digits'],
  'picture-folder': ['picture-folder'],
} as const;

/**
 * A part's entry points; the second one is for what a browser runs, the third for what needs a queue's
 * packages.
 */
const ENTRY_POINTS = ['index.ts', 'browser.ts', 'queue.ts'];

/**
 * Names, choices and defaults that `--help` shows: entry points of their own, which load files of
 * their own part at most, and no package.
 */
const HELP_SAFE = [
  'src/attacks/losses/registry.ts',
  'src/attacks/registry.ts',
  'src/attacks/types.ts',
  'src/attacks/usual-eps.ts',
  'src/certification/methods.ts',
  'src/data/noise-kinds.ts',
  'src/data/sources/registry.ts',
  'src/engine/choices.ts',
  'src/evaluation/gate-syntax.ts',
  'src/evaluation/preset-names.ts',
  'src/experiments/reproductions/names.ts',
  'src/models/architectures/registry.ts',
  'src/models/export/formats.ts',
  'src/training/settings.ts',
];

const files = ['src', 'native/backend'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name)),
);
const textOf = (file: string) => readFileSync(file, 'utf8');

/** Files of this repository that a file imports: values, types, and what it imports later. */
function importsOf(file: string): string[] {
  const pattern = /(?:^(?:import|export) (?:[^;'"=()]* from )?|\bimport\()'(\.[^']+)'/gm;
  return [...textOf(file).matchAll(pattern)].map(([, path]) => join(dirname(file), path));
}

/** Everything that a file loads at once: neither types nor what it imports later. */
function loadedBy(file: string): string[] {
  const pattern = /^(?:import|export) (?!type\b)(?:[^;'"=()]* from )?'([^']+)'/gm;
  return [...textOf(file).matchAll(pattern)].map(([, path]) =>
    path.startsWith('.') ? join(dirname(file), path) : path,
  );
}

/**
 * Files that import each other in a circle: the strongly connected components with more than one
 * file (Tarjan 1972), types included. What an action imports later is no part of a circle.
 */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    const own = order.size;
    let low = own;
    order.set(file, own);
    stack.push(file);
    for (const to of imports.get(file) ?? []) {
      if (!order.has(to)) low = Math.min(low, visit(to));
      else if (stack.includes(to)) low = Math.min(low, order.get(to) ?? own);
    }
    if (low === own) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1 || imports.get(file)?.includes(file)) circles.push(circle.sort());
    }
    return low;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles;
}

/** The string literals of a program, comments left out. */
function stringsOf(program: string): string[] {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
  return [...program.matchAll(pattern)].map(([text]) => text).filter((text) => text[0] !== '/');
}

/** Whether a text names a flag or a command, which only the command line may; flags of Node apart. */
const namesFlag = (text: string) =>
  /--(?!max-old-space-size)[a-z]|\bnpm run |`distill [a-z]/.test(text);

/** The part that a file belongs to and its line in `ORDER`; -1 for a file of no part. */
function depthOf(file: string): { part: string | undefined; depth: number } {
  const isOf = (part: string) => file.startsWith(`${part}/`);
  return {
    part: ORDER.flat().find(isOf),
    depth: ORDER.findIndex((parts) => parts.some(isOf)),
  };
}

/** What is wrong with one import, if anything. */
function wrong(from: string, to: string): string | undefined {
  if (COMMON.includes(to)) return undefined;
  const [own, other] = [depthOf(from), depthOf(to)];
  if (own.part === other.part && own.part !== undefined) return undefined;
  if (other.depth <= own.depth) return `${from} must not import ${to}`;
  if (other.part === 'native/backend' && own.part !== 'src/engine') {
    return `${from}: only the engine imports ${to}`;
  }
  const isEntryPoint = ENTRY_POINTS.some((name) => to === join(other.part ?? '', name));
  const isAllowed = HELP_SAFE.includes(to) && own.part === 'src/cli';
  return isEntryPoint || isAllowed
    ? undefined
    : `${from} goes past the entry point of ${other.part}: ${to}`;
}

describe('the architecture', () => {
  it('lets a part import only the parts below it, and only by their entry points', () => {
    const faults = files.flatMap((file) =>
      COMMON.includes(file) ? importsOf(file).map((to) => `${file} imports ${to}`) : [],
    );
    for (const file of files.filter((one) => !COMMON.includes(one))) {
      for (const to of importsOf(file)) {
        const fault = wrong(file, to);
        if (fault) faults.push(fault);
      }
    }
    assert.deepEqual(faults, []);
  });

  it('would find a fault', () => {
    for (const [from, to] of [
      ['src/data/noise.ts', 'src/models/index.ts'],
      ['src/storage/npy.ts', 'src/data/index.ts'],
      ['src/training/fit.ts', 'src/evaluation/index.ts'],
      ['src/cli/commands/run.ts', 'src/training/fit.ts'],
      ['src/training/fit.ts', 'src/attacks/types.ts'],
      ['src/models/forward.ts', 'native/backend/index.ts'],
      ['native/backend/conv.ts', 'src/engine/index.ts'],
    ]) {
      assert.ok(wrong(from, to), `${from} ${to}`);
    }
    assert.ok(importsOf('src/cli/program.ts').includes('src/cli/actions/run.ts'));
    assert.ok(!loadedBy('src/cli/program.ts').includes('src/cli/actions/run.ts'));
    assert.ok(importsOf('src/cli/commands/run.ts').includes('src/cli/options.ts'));
    assert.ok(files.length > 150, `${files.length}`);
  });

  it('lets --help load the flags, help-safe files and commander, and nothing else', () => {
    const loaded = new Set(['src/cli/program.ts']);
    const heavy: string[] = [];
    for (const file of loaded) {
      for (const to of loadedBy(file)) {
        const isOwn = depthOf(to).part === depthOf(file).part && to.endsWith('.ts');
        if (isOwn || [...COMMON, ...HELP_SAFE].includes(to)) loaded.add(to);
        else if (!to.startsWith('node:') && to !== 'commander') heavy.push(`${file} loads ${to}`);
      }
    }
    assert.deepEqual(heavy, []);
    assert.deepEqual(
      HELP_SAFE.filter((file) => !loaded.has(file)),
      [],
      'help-safe files that nothing needs',
    );
  });

  it('loads actions and optional packages later, and nothing else', () => {
    const later = files.flatMap((file) =>
      [...textOf(file).matchAll(/(.{0,20})(?<!typeof )\bimport\(('?[^')]*'?)\)/g)].map(
        ([, before, what]) =>
          `${file}: ${before.endsWith('lazily(() => ') ? 'lazily ' : ''}${what}`,
      ),
    );
    const commands = readdirSync('src/cli/commands');
    assert.deepEqual(readdirSync('src/cli/actions'), commands, 'a command is two files');
    assert.deepEqual(
      later.sort(),
      [
        ...commands.map((name) => `src/cli/program.ts: lazily './actions/${name}'`),
        ...Object.entries(READERS).flatMap(([reader, kinds]) =>
          kinds.map((kind) => `src/data/sources/${kind}.ts: '../${reader}.ts'`),
        ),
        "src/data/pictures.ts: 'sharp'",
        "src/cli/program.ts: lazily './completion.ts'",
        "src/cli/program.ts: lazily './config-file.ts'",
        'src/engine/engine.ts: peer',
        'src/engine/webgpu.ts: name',
        "src/experiments/queue/server.ts: 'bullmq'",
        "src/experiments/queue/server.ts: 'ioredis'",
        "src/report/png.ts: '@resvg/resvg-js'",
      ].sort(),
    );
  });

  it('has no import circle, types included', () => {
    const imports = new Map(
      files.map((file) => [file, importsOf(file).filter((to) => files.includes(to))]),
    );
    assert.deepEqual(circlesIn(imports), []);
  });

  it('would find a circle of any length', () => {
    const imports = new Map([
      ['a', ['b', 'd']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', []],
      ['f', ['f', 'a']],
    ]);
    assert.deepEqual(circlesIn(imports), [['a', 'b', 'c'], ['f']]);
  });

  it('lets only the command line name flags and commands', () => {
    const naming = files.flatMap((file) =>
      file.startsWith('src/cli/')
        ? []
        : stringsOf(textOf(file))
            .filter(namesFlag)
            .map((text) => `${file}: ${text}`),
    );
    assert.deepEqual(naming, []);
  });

  it('would find a flag, and not in a comment', () => {
    const program =
      "// --a\n/** `distill run` */ f('--b', `npm run c`, \"`distill d`\", 'e -- f');";
    assert.deepEqual(stringsOf(program).filter(namesFlag), [
      "'--b'",
      '`npm run c`',
      '"`distill d`"',
    ]);
  });

  it('lets only the command line print', () => {
    const printing = files.filter(
      (file) =>
        !file.startsWith('src/cli/') && /\bconsole\.|process\.(stdout|stderr)/.test(textOf(file)),
    );
    assert.deepEqual(printing, []);
  });
});
