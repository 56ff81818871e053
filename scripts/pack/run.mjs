// Packs the program and installs it as others would: in empty folders, on other versions of Node, with
// and without a compiler, without install scripts, globally, from a git URL. In each folder it runs
// the command line and a program that uses the library; then it runs the examples.
//
//   npm run test:pack               all variants
//   npm run test:pack -- --short    what CI runs
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTypes, exampleRuns, installExamples } from './examples.mjs';
import { lintPackage } from './lint.mjs';
import { installNode, packCopy, printTable, run } from './tools.mjs';
import { useIt } from './use.mjs';

const MAX_TARBALL_BYTES = 1_000_000;
const NO_COMPILER = { CXX: join(tmpdir(), 'no-such-compiler') };

const isShort = process.argv.includes('--short');
const folder = mkdtempSync(join(tmpdir(), 'distill-pack-'));

/** Name, what npm is told besides, and which engine must come of it. */
const VARIANTS = [
  { name: 'with a compiler', engine: 'native' },
  { name: 'without a compiler', engine: 'wasm', env: NO_COMPILER },
  { name: '--ignore-scripts', engine: 'wasm', args: ['--ignore-scripts'], short: true },
  { name: '--omit=optional', engine: 'native', args: ['--omit=optional'] },
  { name: 'globally', engine: 'native', args: ['--global'] },
  { name: 'from a git URL', engine: 'native', source: 'git' },
  { name: 'Node 20.9, the oldest', engine: 'native', node: '20.9.0' },
  { name: 'Node 22', engine: 'native', node: '22' },
  { name: 'Node 24', engine: 'native', node: '24' },
];

/** Installs one variant in an empty folder; returns where it lies and how it is called. */
function install({ name, args = [], env = {}, source, node }, { tarball, copy }) {
  const home = join(folder, name.replace(/\W+/g, '-'));
  mkdirSync(home);
  const bin = node && installNode(node, folder);
  const environment = {
    ...process.env,
    ...env,
    PATH: bin ? `${bin}:${process.env.PATH}` : process.env.PATH,
    ...(args.includes('--global') && { NPM_CONFIG_PREFIX: home }),
  };
  const started = performance.now();
  const what = source === 'git' ? `git+file://${copy}` : tarball;
  const npm = ['install', '--no-audit', '--no-fund', '--foreground-scripts', ...args, what];
  run(`${name}: npm install`, 'npm', npm, { cwd: home, env: environment });
  const seconds = (performance.now() - started) / 1000;
  const packageFolder = args.includes('--global')
    ? join(home, 'lib', 'node_modules', 'distill')
    : join(home, 'node_modules', 'distill');
  return { home, environment, packageFolder, seconds };
}

/** Installs a variant, uses it, and says in a row of the table what came of it. */
function tryVariant(variant, packed) {
  console.log(`installing: ${variant.name}`);
  const installed = install(variant, packed);
  if (existsSync(join(installed.packageFolder, 'test'))) throw new Error('tests were packed');
  const { node, engine, run, library } = useIt(variant, installed);
  return [variant.name, node, engine, `${installed.seconds.toFixed(0)} s`, run, library];
}

try {
  const packed = packCopy(folder);
  const bytes = statSync(packed.tarball).size;
  console.log(`tarball: ${(bytes / 1000).toFixed(0)} kB`);
  if (bytes > MAX_TARBALL_BYTES) throw new Error(`the tarball is over ${MAX_TARBALL_BYTES} bytes`);
  printTable(
    ['installed', 'Node', 'engine', 'npm install', 'distill run', 'library'],
    VARIANTS.filter(({ short }) => !isShort || short).map((variant) => tryVariant(variant, packed)),
  );
  const home = installExamples(folder, packed.tarball);
  const checks = [
    ['attw and publint', () => lintPackage(folder, packed.tarball)],
    ['types', () => checkTypes(home)],
    ...exampleRuns(home, isShort),
  ];
  printTable(
    ['check', 'result', 'time'],
    checks.map(([name, check]) => {
      const started = performance.now();
      const result = check();
      return [name, result, `${((performance.now() - started) / 1000).toFixed(0)} s`];
    }),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
