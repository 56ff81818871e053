// The tests, run file by file in the copy: once without a mutant, then for every mutant.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Mutant, root, sourceOf, typescriptFiles } from './source.ts';

/** A run with a mutant is given this many times the time of the run without, and this much more. */
const PATIENCE = { factor: 4, milliseconds: 15_000 };

export interface TestFile {
  readonly path: string;
  /** How long it took, other processes of the machine included. */
  readonly milliseconds: number;
  /** CPU time of all its processes. */
  readonly seconds: number;
  /** Ids of the mutants that it passes. */
  readonly passes: ReadonlySet<string>;
}

export interface Outcome {
  readonly status: 'killed' | 'timeout' | 'survived' | 'not covered';
  /** The test that noticed the mutant. */
  readonly by?: string;
}

/** The test files that reach a mutated file by their imports, or start the program. */
export function testFiles(mutated: ReadonlySet<string>, parts: readonly string[]): string[] {
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

/** Ends all test runs under way. */
export function endAll(): void {
  for (const leader of running) endGroup(leader);
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
export async function inParallel<T, R>(
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
export async function measureTests(
  copy: string,
  paths: readonly string[],
  jobs: number,
  progress: (text: string) => void,
): Promise<TestFile[]> {
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
  return tests.filter((test) => test !== undefined);
}

/** The tests that pass a mutant: those of the same part of the program first, then the fastest. */
export function testsFor({ id, fileName }: Mutant, tests: readonly TestFile[]): TestFile[] {
  const part = fileName.replace(/^src\/([^/]+)\/.*/, 'test/$1/');
  const rank = ({ path }: TestFile) => (path.startsWith(part) ? 0 : 1);
  return tests
    .filter(({ passes }) => passes.has(id))
    .sort((a, b) => rank(a) - rank(b) || a.seconds - b.seconds);
}

/** The first tests that fit into the budget together, and the others. */
export function withinBudget(tests: readonly TestFile[], most: number) {
  let spent = 0;
  const fits = tests.map(({ seconds }, i) => {
    spent += seconds;
    return i === 0 || spent <= most;
  });
  return { taken: tests.filter((_, i) => fits[i]), leftOut: tests.filter((_, i) => !fits[i]) };
}

/** Runs the tests until one fails. */
export async function tryMutant(
  copy: string,
  id: string,
  tests: readonly TestFile[],
): Promise<Outcome> {
  if (tests.length === 0) return { status: 'not covered' };
  for (const { path, milliseconds } of tests) {
    const limit = milliseconds * PATIENCE.factor + PATIENCE.milliseconds;
    const run = await runTest(copy, path, { __STRYKER_ACTIVE_MUTANT__: id }, limit);
    if (run.timedOut) return { status: 'timeout', by: path };
    if (!run.passed) return { status: 'killed', by: `${path}: ${run.failed.trim()}` };
  }
  return { status: 'survived' };
}
