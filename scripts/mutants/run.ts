// Mutation tests: makes one small fault at a time in a copy of the program (an operator swapped, a
// condition turned round, a string emptied) and counts how many of them the tests notice. The faults
// are those of Stryker's instrumenter, which puts all of them into the source behind a switch that an
// environment variable sets; a seeded sample of them is tried. A first run of the tests without any
// fault says which test file passes which mutant; only these are run for it, the fastest first, until
// one fails. A run that takes much longer than without the mutant counts as killed.
//
//   npm run test:mutants [-- OPTION...]
//     --count 300     mutants to try
//     --seed 1        which ones
//     --min 85        percentage that must be killed; below it the exit code is 1
//     --only PATH     mutants of files whose path begins with PATH; may be repeated
//     --tests PART    test files whose path contains PART; may be repeated
//     --budget 60     CPU seconds of tests for a mutant, as measured without it. Slower test files are
//                     left out then, but at least one is run
//     --jobs 2        mutants tried at once
//     --again         instead of a sample those that were not killed in the last run
//
// The mutants, what became of them, and the test files left out: coverage/mutants.json.
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
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
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { disableTypeChecks, type File, Instrumenter } from '@stryker-mutator/instrumenter';
import { RandomStream } from '../../src/engine/index.ts';

const FOLDERS = ['src/attacks', 'src/cli', 'src/evaluation', 'src/report'];

/** Mutants that are never tried; the report says how many each rule left out. */
const RULES = [
  {
    name: 'browser',
    why: 'runs in a browser only, where `npm run test:browser` tests it',
    excludes: ({ fileName }: Mutant) => fileName.startsWith('src/report/browser/'),
  },
];

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    min: { type: 'string', default: '85' },
    only: { type: 'string', multiple: true, default: [] },
    tests: { type: 'string', multiple: true, default: [] },
    budget: { type: 'string', default: '60' },
    again: { type: 'boolean', default: false },
  },
});
const [jobs, min, budget] = [values.jobs, values.min, values.budget].map(Number);
const began = performance.now();
const progress = (text: string) =>
  console.error(`mutants: ${((performance.now() - began) / 60_000).toFixed(1)} min: ${text}`);

/** A run with a mutant is given this many times the time of the run without, and this much more. */
const PATIENCE = { factor: 4, milliseconds: 15_000 };

const root = join(import.meta.dirname, '..', '..');

type Mutant = Awaited<ReturnType<Instrumenter['instrument']>>['mutants'][number];
type Mutate = File['mutate'];
type Range = Exclude<Mutate, boolean>[number];

interface TestFile {
  readonly path: string;
  /** How long it took, other processes of the machine included. */
  readonly milliseconds: number;
  /** CPU time of all its processes. */
  readonly seconds: number;
  /** Ids of the mutants that it passes. */
  readonly passes: ReadonlySet<string>;
}

interface Outcome {
  readonly status: 'killed' | 'timeout' | 'survived' | 'not covered';
  /** The test that noticed the mutant. */
  readonly by?: string;
}

interface Result extends Outcome {
  readonly identity: string;
  readonly place: string;
  readonly mutator: string;
  readonly original: string;
  readonly replacement: string;
  /** Test files that were run if none before them failed, and those that the budget left out. */
  readonly tests: readonly string[];
  readonly leftOut: readonly string[];
}

function typescriptFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8');

/** Instruments files, with the mutants in the given ranges. */
function instrument(files: ReadonlyMap<string, Mutate>) {
  const silent = new Proxy({}, { get: () => () => false });
  const instrumenter = new Instrumenter(silent as ConstructorParameters<typeof Instrumenter>[0]);
  return instrumenter.instrument(
    [...files].map(([name, mutate]) => ({ name, mutate, content: sourceOf(name) })),
    { plugins: null, excludedMutations: [], ignorers: [] },
  );
}

/** What tells a mutant from every other; ids differ from one instrumentation to the next. */
const identity = ({ fileName, location, mutatorName, replacement }: Mutant) =>
  JSON.stringify([fileName, location, mutatorName, replacement]);

function originalText({ fileName, location: { start, end } }: Mutant): string {
  const lines = sourceOf(fileName)
    .split('\n')
    .slice(start.line, end.line + 1);
  lines[lines.length - 1] = lines[lines.length - 1].slice(0, end.column);
  lines[0] = lines[0].slice(start.column);
  return lines.join('\n');
}

const resultFile = join(root, 'coverage', 'mutants.json');

/** The mutants of the last run that were not killed. */
function aliveBefore(): ReadonlySet<string> {
  const { results }: { results: Result[] } = JSON.parse(readFileSync(resultFile, 'utf8'));
  return new Set(results.filter(isAlive).map((result) => result.identity));
}

const isAlive = ({ status }: Outcome) => status === 'survived' || status === 'not covered';

/** Draws `count` mutants, and instruments the source with what lies in their ranges. */
async function sample(only: readonly string[], count: number, seed: number, again: boolean) {
  const files = FOLDERS.flatMap(typescriptFiles).filter(
    (file) => only.length === 0 || only.some((path) => file.startsWith(path)),
  );
  const { mutants } = await instrument(new Map(files.map((file) => [file, true])));
  const excluded = RULES.map((rule) => ({ ...rule, count: mutants.filter(rule.excludes).length }));
  const pool = mutants.filter((mutant) => !RULES.some(({ excludes }) => excludes(mutant)));
  const order = new RandomStream(seed, 'mutants').permutation(pool.length);
  const alive = again ? aliveBefore() : undefined;
  const drawn = alive
    ? pool.filter((mutant) => alive.has(identity(mutant)))
    : [...order.subarray(0, count)].map((i) => pool[i]);

  const ranges = new Map<string, Range[]>();
  for (const { fileName, location } of drawn) {
    ranges.set(fileName, [...(ranges.get(fileName) ?? []), location]);
  }
  const instrumented = await instrument(ranges);
  const wanted = new Set(drawn.map(identity));
  return {
    files: instrumented.files,
    mutants: instrumented.mutants
      .filter((mutant) => wanted.has(identity(mutant)))
      .map((mutant) => ({ ...mutant, original: originalText(mutant) })),
    poolSize: pool.length,
    excluded,
  };
}

/** A copy of the repository with instrumented sources, built. */
async function prepareCopy(copy: string, files: readonly File[]): Promise<void> {
  const listed = spawnSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of listed.stdout.split('\0')) {
    if (file !== '' && existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
  }
  const compiled = join('native', 'build', 'out');
  cpSync(join(root, compiled), join(copy, compiled), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const file of files) {
    const { content } = await disableTypeChecks(file, { plugins: null });
    writeFileSync(join(copy, file.name), content);
  }
  // The switches confuse the types here and there; the compiler writes its output all the same.
  spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: copy,
  });
  const { status, stderr } = spawnSync(process.execPath, [join('scripts', 'bundle.mjs')], {
    cwd: copy,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the instrumented program cannot be built: ${stderr}`);
}

/** The test files that reach a mutated file by their imports, or start the program. */
function testFiles(mutated: ReadonlySet<string>, parts: readonly string[]): string[] {
  const reaches = (file: string, seen = new Set<string>()): boolean => {
    if (mutated.has(file)) return true;
    if (seen.has(file) || !existsSync(join(root, file))) return false;
    seen.add(file);
    const text = sourceOf(file);
    if (text.includes('bin/distill.js')) return true;
    const imports = text.matchAll(/(?:from |import\(|import )'(\.[^']+\.ts)'/g);
    return [...imports].some(([, path]) => reaches(join(dirname(file), path), seen));
  };
  return typescriptFiles('test').filter(
    (file) =>
      file.endsWith('.test.ts') &&
      (parts.length === 0 || parts.some((part) => file.includes(part))) &&
      reaches(file),
  );
}

/** Process groups of the test runs under way. */
const running = new Set<number>();

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

/** Runs one test file in the copy, with everything it starts in a process group of its own. */
async function runTest(copy: string, file: string, env: NodeJS.ProcessEnv, limit: number) {
  const temporary = mkdtempSync(join(copy, 'tmp-'));
  const started = performance.now();
  const reporter = pathToFileURL(join(import.meta.dirname, 'first-failure.mjs')).href;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', file],
    {
      cwd: copy,
      env: { ...process.env, ...env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    },
  );
  let failed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    failed += text;
  });
  const leader = child.pid ?? 0;
  running.add(leader);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(leader);
  }, limit);
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  clearTimeout(timer);
  endGroup(leader);
  running.delete(leader);
  rmSync(temporary, { recursive: true, force: true });
  return { passed: code === 0, timedOut, failed, milliseconds: performance.now() - started };
}

/** Calls `work` for every item, `jobs` at a time; results in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      results[next[0]] = await work(next[1]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

/** Runs every test file without a mutant; those that fail then are of no use here. */
async function measureTests(copy: string, paths: readonly string[], jobs: number) {
  const hook = pathToFileURL(join(import.meta.dirname, 'coverage.mjs')).href;
  const tests = await inParallel(paths, jobs, async (path): Promise<TestFile | undefined> => {
    const folder = mkdtempSync(join(copy, 'coverage-'));
    const env = { NODE_OPTIONS: `--import=${hook}`, MUTANTS_COVERAGE_FOLDER: folder };
    const { passed, failed, milliseconds } = await runTest(copy, path, env, 1_200_000);
    progress(`${path} took ${(milliseconds / 1000).toFixed(1)} s`);
    if (!passed) {
      console.error(`mutants: left out ${path}, which fails in the copy: ${failed.trim()}`);
      return undefined;
    }
    const processes = readdirSync(folder).map((name): { passed: string[]; seconds: number } =>
      JSON.parse(readFileSync(join(folder, name), 'utf8')),
    );
    return {
      path,
      milliseconds,
      seconds: processes.reduce((sum, one) => sum + one.seconds, 0),
      passes: new Set(processes.flatMap(({ passed }) => passed)),
    };
  });
  return tests.filter((test) => test !== undefined).sort((a, b) => a.seconds - b.seconds);
}

/** The fastest tests that fit into the budget together, and the others. */
function withinBudget(tests: readonly TestFile[], most: number) {
  let spent = 0;
  const fits = tests.map(({ seconds }, i) => {
    spent += seconds;
    return i === 0 || spent <= most;
  });
  return { taken: tests.filter((_, i) => fits[i]), leftOut: tests.filter((_, i) => !fits[i]) };
}

async function tryMutant(copy: string, id: string, tests: readonly TestFile[]): Promise<Outcome> {
  if (tests.length === 0) return { status: 'not covered' };
  for (const { path, milliseconds } of tests) {
    const limit = milliseconds * PATIENCE.factor + PATIENCE.milliseconds;
    const run = await runTest(copy, path, { __STRYKER_ACTIVE_MUTANT__: id }, limit);
    if (run.timedOut) return { status: 'timeout', by: path };
    if (!run.passed) return { status: 'killed', by: `${path}: ${run.failed.trim()}` };
  }
  return { status: 'survived' };
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}

const { files, mutants, poolSize, excluded } = await sample(
  values.only,
  Number(values.count),
  Number(values.seed),
  values.again,
);
progress(`drew ${mutants.length} of ${poolSize} mutants (seed ${values.seed})`);
const copy = mkdtempSync(join(tmpdir(), 'distill-mutants-'));
process.once('SIGINT', () => {
  for (const leader of running) endGroup(leader);
  rmSync(copy, { recursive: true, force: true });
  process.exit(130);
});
try {
  await prepareCopy(copy, files);
  const paths = testFiles(new Set(files.map(({ name }) => name)), values.tests);
  progress(`running ${paths.length} test files without a mutant`);
  const tests = await measureTests(copy, paths, jobs);
  progress('running the mutants');
  let done = 0;
  const results = await inParallel(mutants, jobs, async (mutant): Promise<Result> => {
    const { fileName, location, mutatorName, original, replacement } = mutant;
    const covering = tests.filter(({ passes }) => passes.has(mutant.id));
    const { taken, leftOut } = withinBudget(covering, budget);
    const outcome = await tryMutant(copy, mutant.id, taken);
    const place = `${fileName}:${location.start.line + 1}:${location.start.column + 1}`;
    progress(`${++done} of ${mutants.length}: ${outcome.status} ${place}`);
    return {
      ...outcome,
      identity: identity(mutant),
      place,
      mutator: mutatorName,
      original,
      replacement,
      tests: taken.map(({ path }) => path),
      leftOut: leftOut.map(({ path }) => path),
    };
  });

  const alive = results.filter(isAlive);
  const share = (100 * (results.length - alive.length)) / results.length;
  mkdirSync(dirname(resultFile), { recursive: true });
  writeFileSync(
    resultFile,
    JSON.stringify({ seed: Number(values.seed), poolSize, share, results }, undefined, 2),
  );
  for (const { name, why, count } of excluded) {
    console.log(`left out by the rule "${name}" (${why}): ${count}`);
  }
  for (const { place, status, mutator, original, replacement, leftOut } of alive) {
    const untried = leftOut.length > 0 ? `; beyond the budget: ${leftOut.join(', ')}` : '';
    console.log(`${status}: ${place} (${mutator}${untried})`);
    console.log(`  - ${oneLine(original)}\n  + ${oneLine(replacement)}`);
  }
  const timeouts = results.filter(({ status }) => status === 'timeout').length;
  console.log(
    `tried ${results.length} of ${poolSize}, killed ${results.length - alive.length} (${timeouts} by a timeout), survived ${alive.length}: ${share.toFixed(1)} % killed, wanted ${min} %`,
  );
  if (share < min) process.exitCode = 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
