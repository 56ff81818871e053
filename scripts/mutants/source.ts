// The mutants of the source: drawn, and put into a copy of the repository behind their switches.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disableTypeChecks, type File, Instrumenter } from '@stryker-mutator/instrumenter';
import { RandomStream } from '../../src/engine/index.ts';

export const root = join(import.meta.dirname, '..', '..');

const FOLDERS = ['src/attacks', 'src/cli', 'src/evaluation', 'src/report'];

/** Mutants that are never tried; the report says how many each rule left out. */
const RULES = [
  {
    name: 'browser',
    why: 'runs in a browser only, where `npm run test:browser` tests it',
    excludes: ({ fileName }: Mutant) => fileName.startsWith('src/report/browser/'),
  },
];

export type Mutant = Awaited<ReturnType<Instrumenter['instrument']>>['mutants'][number];
type Mutate = File['mutate'];
type Range = Exclude<Mutate, boolean>[number];

/** The TypeScript files below a folder of the repository, by their paths in it. */
export function typescriptFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

export const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8');

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
export const identity = ({ fileName, location, mutatorName, replacement }: Mutant) =>
  JSON.stringify([fileName, location, mutatorName, replacement]);

function originalText({ fileName, location: { start, end } }: Mutant): string {
  const lines = sourceOf(fileName)
    .split('\n')
    .slice(start.line, end.line + 1);
  lines[lines.length - 1] = lines[lines.length - 1].slice(0, end.column);
  lines[0] = lines[0].slice(start.column);
  return lines.join('\n');
}

/**
 * Draws mutants, and instruments the source with what lies in their ranges.
 * @param only beginnings of the paths of files; empty: all files
 * @param choose which of all mutants to take
 */
export async function drawMutants(
  only: readonly string[],
  choose: (pool: readonly Mutant[]) => readonly Mutant[],
) {
  const files = FOLDERS.flatMap(typescriptFiles).filter(
    (file) => only.length === 0 || only.some((path) => file.startsWith(path)),
  );
  const { mutants } = await instrument(new Map(files.map((file) => [file, true])));
  const excluded = RULES.map((rule) => ({ ...rule, count: mutants.filter(rule.excludes).length }));
  const pool = mutants.filter((mutant) => !RULES.some(({ excludes }) => excludes(mutant)));
  const drawn = choose(pool);

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

/** Which `count` of the mutants a seed takes. */
export function sample(pool: readonly Mutant[], count: number, seed: number): readonly Mutant[] {
  const order = new RandomStream(seed, 'mutants').permutation(pool.length);
  return [...order.subarray(0, count)].map((i) => pool[i]);
}

/** A copy of the repository with instrumented sources, built. */
export async function prepareCopy(copy: string, files: readonly File[]): Promise<void> {
  const listed = spawnSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of listed.stdout.split('\0')) {
    if (file !== '' && existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
  }
  const compiled = join('native', 'build', 'out');
  if (existsSync(join(root, compiled))) {
    cpSync(join(root, compiled), join(copy, compiled), { recursive: true });
  }
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
