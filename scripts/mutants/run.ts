// Mutation tests: makes one small fault at a time in a copy of the program (an operator swapped, a
// condition turned round, a string emptied) and counts how many of them the tests notice. The faults
// are those of Stryker's instrumenter, which puts all of them into the source behind a switch that an
// environment variable sets; a seeded sample of them is tried. A first run of the tests without any
// fault says which test file passes which mutant; only these are run for it, those of the same part of
// the program first and the fastest of them first, until one fails. A run that takes much longer than without the mutant counts as killed.
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
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawMutants, identity, prepareCopy, root, sample } from './source.ts';
import {
  endAll,
  inParallel,
  measureTests,
  type Outcome,
  testFiles,
  testsFor,
  tryMutant,
  withinBudget,
} from './tests.ts';

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
const [count, seed, jobs, min, budget] = [
  values.count,
  values.seed,
  values.jobs,
  values.min,
  values.budget,
].map(Number);
const began = performance.now();
const progress = (text: string) =>
  console.error(`mutants: ${((performance.now() - began) / 60_000).toFixed(1)} min: ${text}`);

const resultFile = join(root, 'coverage', 'mutants.json');

/** The mutants of the last run that were not killed. */
function aliveBefore(): ReadonlySet<string> {
  const { results }: { results: Result[] } = JSON.parse(readFileSync(resultFile, 'utf8'));
  return new Set(results.filter(isAlive).map((result) => result.identity));
}

const isAlive = ({ status }: Outcome) => status === 'survived' || status === 'not covered';

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}

const { files, mutants, poolSize, excluded } = await drawMutants(values.only, (pool) => {
  if (!values.again) return sample(pool, count, seed);
  const alive = aliveBefore();
  return pool.filter((mutant) => alive.has(identity(mutant)));
});
progress(`drew ${mutants.length} of ${poolSize} mutants (seed ${seed})`);
const copy = mkdtempSync(join(tmpdir(), 'distill-mutants-'));
process.once('SIGINT', () => {
  endAll();
  rmSync(copy, { recursive: true, force: true });
  process.exit(130);
});
try {
  await prepareCopy(copy, files);
  const paths = testFiles(new Set(files.map(({ name }) => name)), values.tests);
  progress(`running ${paths.length} test files without a mutant`);
  const tests = await measureTests(copy, paths, jobs, progress);
  progress('running the mutants');
  let done = 0;
  const results = await inParallel(mutants, jobs, async (mutant): Promise<Result> => {
    const { fileName, location, mutatorName, original, replacement } = mutant;
    const { taken, leftOut } = withinBudget(testsFor(mutant, tests), budget);
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
  writeFileSync(resultFile, JSON.stringify({ seed, poolSize, share, results }, undefined, 2));
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
